// Talks to the daemon: HTTP/1.1 + JSON on its Unix socket, one request at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "ampd/error.hpp"

namespace ampd::client {

using Json = nlohmann::ordered_json;

/// No daemon answers: nobody listens, or it went away.
class Unreachable : public Error {
 public:
  explicit Unreachable(const std::string& sentence) : Error(ErrorCode::io, sentence) {}
};

/// The client's own --timeout has passed.
class TimedOut : public Error {
 public:
  explicit TimedOut(const std::string& sentence) : Error(ErrorCode::exhausted, sentence) {}
};

class DaemonClient {
 public:
  using Portions = std::function<void(std::span<const std::byte>)>;
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  /// Connects to the first of `sockets` that somebody listens on. Throws Unreachable; Error(denied)
  /// when the caller may not open the socket.
  explicit DaemonClient(const std::vector<std::filesystem::path>& sockets, Deadline deadline = {});

  /// Sends a request and returns the answer's JSON. `target` is the address, already encoded:
  /// "/v1/jobs/7". Throws the daemon's own Error, Unreachable or TimedOut.
  Json call(const std::string& method, const std::string& target,
            const std::string& body = {}) const;

  /// Sends `bytes` bytes, which `write` gives to the function that it is given. Throws as call().
  void upload(const std::string& target, const std::string& type, std::int64_t bytes,
              const std::function<void(const Portions&)>& write) const;

  /// Writes the answer's bytes to the open file `descriptor`.
  void download(const std::string& target, int descriptor) const;

  /// Hands over each line of an endless answer as it comes, until the stream ends.
  void follow(const std::string& target, const std::function<void(const Json&)>& line) const;

 private:
  std::filesystem::path path_;
  Deadline deadline_;
};

}  // namespace ampd::client
