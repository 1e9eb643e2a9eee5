#include "store/state_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "ampd/error.hpp"

namespace ampd::store {
namespace {

constexpr mode_t folder_mode = 0750;
constexpr mode_t file_mode = 0640;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

void make_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), folder_mode) == 0) {
    if (::chmod(path.c_str(), folder_mode) != 0) {
      base::throw_system_error("cannot make the folder", path, errno);
    }
  } else if (errno != EEXIST || !std::filesystem::is_directory(path)) {
    base::throw_system_error("cannot make the folder", path, errno);
  }
}

/// 0: there is none.
pid_t pid_in(int descriptor) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const char* const end = text.data() + std::max<ssize_t>(size, 0);
  pid_t pid = 0;
  const char* const stop = std::from_chars(text.data(), end, pid).ptr;
  return stop != end && *stop == '\n' ? pid : 0;
}

/// The holder writes its pid a moment after it has taken the lock; until then there is none, or
/// that of an earlier one, which is gone.
std::string holder_of(int descriptor) {
  pid_t pid = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    pid = pid_in(descriptor);
    if (pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return pid > 0 ? "process " + std::to_string(pid) : "another process";
}

}  // namespace

StateDirectory::StateDirectory(std::filesystem::path path)
    : path_(std::filesystem::absolute(path).lexically_normal()) {}

StateDirectory StateDirectory::resolve(const std::optional<std::filesystem::path>& given) {
  if (given) return StateDirectory(*given);
  if (const auto path = environment("AMPD_STATE_DIR"); !path.empty()) return StateDirectory(path);
  if (const auto paths = environment("STATE_DIRECTORY"); !paths.empty()) {
    return StateDirectory(paths.substr(0, paths.find(':')));
  }
  if (const auto home = environment("XDG_STATE_HOME"); !home.empty()) {
    return StateDirectory(std::filesystem::path(home) / "ampd");
  }
  if (const auto home = environment("HOME"); !home.empty()) {
    return StateDirectory(std::filesystem::path(home) / ".local" / "state" / "ampd");
  }
  throw Error(ErrorCode::invalid,
              "no state directory is known: give --state-dir or set AMPD_STATE_DIR");
}

void StateDirectory::create() const {
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  if (error) {
    base::throw_system_error("cannot make the folder", path_.parent_path(), error.value());
  }
  make_folder(path_);
  make_folder(blobs());
  make_folder(jobs());
  make_folder(uploads());
}

StateLock::StateLock(const StateDirectory& directory)
    : file_(::open(directory.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode)) {
  if (!file_.is_open()) base::throw_system_error("cannot open", directory.lock(), errno);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) base::throw_system_error("cannot lock", directory.lock(), errno);
    throw Error(ErrorCode::busy, "the state directory " + directory.path().string() +
                                     " is in use by " + holder_of(file_.get()) +
                                     "; stop it, or name another one with --state-dir");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file_.get(), 0) != 0 ||
      ::pwrite(file_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    base::throw_system_error("cannot write", directory.lock(), errno);
  }
}

}  // namespace ampd::store
