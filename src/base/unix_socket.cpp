#include "base/unix_socket.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/limits.hpp"

namespace ampd::base {
namespace {

constexpr std::size_t descriptors_max = limits::frame_descriptors;

/// Room for one control message, aligned as the kernel wants it.
struct alignas(cmsghdr) ControlBuffer {
  std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> bytes;
};

void attach(msghdr& message, ControlBuffer& control, std::span<const FileDescriptor> descriptors) {
  AMPD_CHECK(descriptors.size() <= descriptors_max);
  if (descriptors.empty()) return;
  const std::size_t size = descriptors.size() * sizeof(int);
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(size);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  unsigned char* to = CMSG_DATA(header);
  for (const FileDescriptor& descriptor : descriptors) {
    const int number = descriptor.get();
    std::memcpy(to, &number, sizeof number);
    to += sizeof number;
  }
}

std::vector<FileDescriptor> detach(msghdr& message) {
  std::vector<FileDescriptor> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const unsigned char* from = CMSG_DATA(header);
    for (std::size_t left = header->cmsg_len - CMSG_LEN(0); left >= sizeof(int);
         left -= sizeof(int)) {
      int number = -1;
      std::memcpy(&number, from, sizeof number);
      descriptors.emplace_back(number);
      from += sizeof number;
    }
  }
  return descriptors;
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

[[noreturn]] void fail(const char* action) {
  throw Error(ErrorCode::io, std::string(action) + " the other process: " + std::strerror(errno));
}

}  // namespace

SocketPair make_socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw_system_error("cannot create", "a socket pair", errno);
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::size_t send_some(int socket, std::string_view bytes,
                      std::span<const FileDescriptor> descriptors) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  attach(message, control, descriptors);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && would_block()) return 0;
  if (sent < 0) fail("cannot send to");
  return static_cast<std::size_t>(sent);
}

Received receive_some(int socket, std::span<char> buffer,
                      std::vector<FileDescriptor>& descriptors) {
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && would_block()) return {};
  if (got < 0 && errno == ECONNRESET) return {.bytes = 0, .ended = true};
  if (got < 0) fail("cannot receive from");
  std::vector<FileDescriptor> came = detach(message);
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    throw Error(ErrorCode::invalid, "the other process sent more open files than a message holds");
  }
  for (FileDescriptor& descriptor : came) descriptors.push_back(std::move(descriptor));
  return {.bytes = static_cast<std::size_t>(got), .ended = got == 0};
}

}  // namespace ampd::base
