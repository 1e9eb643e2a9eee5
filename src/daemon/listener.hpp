// The Unix socket that the daemon listens on: given by the service manager, or its own.
#pragma once

#include <filesystem>
#include <optional>

#include "base/files.hpp"

namespace ampd::daemon {

class Listener {
 public:
  /// The socket that the service manager opened for this process, if it did. Throws
  /// Error(invalid) when what it passed is not one listening Unix stream socket. Call once.
  static std::optional<Listener> inherited();

  /// A socket at `path` for owner and group; the folder is made if only it is missing. A socket
  /// that nobody listens on is replaced: the caller holds the lock of the state directory. Throws
  /// Error: busy (somebody listens; the pid is named), invalid (no path for a socket), denied, io.
  static Listener at(const std::filesystem::path& path);

  /// Removes the socket that at() made.
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Another descriptor of the same socket.
  base::FileDescriptor descriptor() const;

 private:
  Listener(base::FileDescriptor socket, std::filesystem::path path, bool is_own)
      : socket_(std::move(socket)), path_(std::move(path)), is_own_(is_own) {}

  base::FileDescriptor socket_;
  std::filesystem::path path_;
  bool is_own_ = false;
};

}  // namespace ampd::daemon
