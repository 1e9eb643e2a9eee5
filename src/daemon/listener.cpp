#include "daemon/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::daemon {
namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() > base::limits::socket_path_bytes) {
    throw Error(ErrorCode::invalid, "the path of a socket has 1 to " +
                                        std::to_string(base::limits::socket_path_bytes) +
                                        " bytes, which \"" + text + "\" has not");
  }
  text.copy(address.sun_path, text.size());
  return address;
}

base::FileDescriptor new_socket(int flags) {
  base::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket.is_open()) base::throw_system_error("cannot make", "a socket", errno);
  return socket;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// The pid of the process that listens there; nothing if nobody does.
std::optional<pid_t> listening_process(const sockaddr_un& address) {
  const base::FileDescriptor client = new_socket(SOCK_NONBLOCK);
  if (::connect(client.get(), generic(address), sizeof address) != 0 && errno == ECONNREFUSED) {
    return std::nullopt;
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  ::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
  return credentials.pid;
}

void remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    base::throw_system_error("cannot look at", path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw Error(ErrorCode::invalid, path.string() +
                                        " is in the place of the daemon's socket and is not a "
                                        "socket; move it away or choose another with --socket");
  }
  if (const std::optional<pid_t> process = listening_process(address)) {
    const std::string name = *process > 0 ? "process " + std::to_string(*process) : "a process";
    throw Error(ErrorCode::busy, name + " already listens on " + path.string() +
                                     "; choose another socket with --socket");
  }
  if (::unlink(path.c_str()) != 0) base::throw_system_error("cannot replace", path, errno);
}

void make_folder(const std::filesystem::path& folder) {
  if (!folder.empty() && ::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) {
    base::throw_system_error("cannot make the socket's folder", folder, errno);
  }
}

}  // namespace

std::optional<Listener> Listener::inherited() {
  const int count = ::sd_listen_fds(1);
  if (count <= 0) return std::nullopt;
  base::FileDescriptor socket(SD_LISTEN_FDS_START);
  if (count > 1 || ::sd_is_socket_unix(socket.get(), SOCK_STREAM, 1, nullptr, 0) <= 0) {
    throw Error(ErrorCode::invalid,
                "the service manager passed " + std::to_string(count) +
                    " descriptors to ampd, which takes one listening Unix stream socket; look at "
                    "the socket unit");
  }
  sockaddr_un address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return Listener(std::move(socket), address.sun_path, false);
}

Listener Listener::at(const std::filesystem::path& path) {
  const sockaddr_un address = address_of(path);
  make_folder(path.parent_path());
  remove_stale(path, address);
  base::FileDescriptor socket = new_socket(SOCK_NONBLOCK);
  const mode_t mask = ::umask(0117);
  const int bound = ::bind(socket.get(), generic(address), sizeof address);
  const int error_number = errno;
  ::umask(mask);
  if (bound != 0) base::throw_system_error("cannot listen on", path, error_number);
  Listener listener(std::move(socket), std::filesystem::absolute(path), true);
  if (::listen(listener.socket_.get(), base::limits::http_backlog) != 0) {
    base::throw_system_error("cannot listen on", path, errno);
  }
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::move(other.path_)),
      is_own_(std::exchange(other.is_own_, false)) {}

Listener::~Listener() {
  if (is_own_) ::unlink(path_.c_str());
}

base::FileDescriptor Listener::descriptor() const {
  base::FileDescriptor copy(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy.is_open()) base::throw_system_error("cannot copy the descriptor of", path_, errno);
  return copy;
}

}  // namespace ampd::daemon
