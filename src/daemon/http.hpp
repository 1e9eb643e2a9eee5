// What the API sees of HTTP: a request as a value, a response as a value, no sockets.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "ampd/error.hpp"
#include "base/files.hpp"

namespace ampd::daemon {

/// Keys stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// The process at the other end of the socket, as the kernel names it.
struct Peer {
  uid_t user = 0;
  pid_t process = 0;
  std::vector<gid_t> groups = {};  // the primary one too
};

struct Request {
  std::string method;                        // "GET"
  std::vector<std::string> path;             // "/v1/jobs/7" is {"v1", "jobs", "7"}, decoded
  std::map<std::string, std::string> query;  // decoded
  std::string body;
  Peer peer;
  std::string content_type = {};
  std::optional<std::uint64_t> body_bytes = {};  // as the header says
};

/// Gives the next line of a stream of JSON values, or nothing at the stream's end.
using Lines = std::function<boost::asio::awaitable<std::optional<Json>>()>;

struct Response {
  unsigned status = 200;
  std::variant<Json, base::FileDescriptor, Lines> body;
};

/// Takes a body as it comes and answers when it is whole. Both may throw Error.
struct Receipt {
  std::function<void(std::span<const std::byte>)> add;
  std::function<Response()> finish;
};

/// For requests whose body is not to be held in memory; nothing: it is, and goes to the handler.
using Receiver = std::function<std::optional<Receipt>(const Request&)>;

/// May throw Error: the server answers with error_response().
using Handler = std::function<boost::asio::awaitable<Response>(Request)>;

/// Splits "/v1/jobs/my%20job?last=3" into the request's path and query. Throws Error(invalid).
void parse_target(std::string_view target, Request& request);

/// {"error": {"code", "message"}} with the status that the code means.
Response error_response(const Error& error);

/// One line of JSON; bytes that are not UTF-8 become replacement characters.
std::string to_line(const Json& value);

}  // namespace ampd::daemon
