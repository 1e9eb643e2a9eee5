// Bytes with open files beside them, over a Unix stream socket.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/files.hpp"

namespace ampd::base {

/// The two ends of a connection; both close on exec.
struct SocketPair {
  FileDescriptor first;
  FileDescriptor second;
};
SocketPair make_socket_pair();

/// Sends some of `bytes`, not empty, and with their first one `descriptors`, which stay open here.
/// Returns how many bytes were taken: all descriptors went if it is not 0; 0 means that the socket
/// does not block and is full. Throws Error(io) when the other end is gone.
std::size_t send_some(int socket, std::string_view bytes,
                      std::span<const FileDescriptor> descriptors);

struct Received {
  std::size_t bytes = 0;  // now in the buffer
  bool ended = false;     // nothing will come any more
};

/// Receives what is there, at most a buffer full; descriptors that come with it are appended. No
/// bytes and not ended: the socket does not block and is empty. Throws Error(io), and
/// Error(invalid) when more than limits::frame_descriptors came at once (none is kept then).
Received receive_some(int socket, std::span<char> buffer, std::vector<FileDescriptor>& descriptors);

}  // namespace ampd::base
