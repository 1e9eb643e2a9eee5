#include "daemon/http_connection.hpp"

#include <sys/socket.h>

#include <chrono>
#include <limits>
#include <span>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/file_posix.hpp>
#include <boost/beast/http.hpp>

#include "base/limits.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace limits = base::limits;
using boost::system::error_code;
using std::chrono::seconds;

constexpr std::size_t portion_bytes = 256 << 10;

Peer peer_of(HttpConnection::Socket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    throw Error(ErrorCode::io, "the kernel does not say who is connected to the socket");
  }
  std::vector<gid_t> groups(1, credentials.gid);
  socklen_t bytes = 0;
  ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes);
  std::vector<gid_t> more(bytes / sizeof(gid_t));
  if (!more.empty() &&
      ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERGROUPS, more.data(), &bytes) == 0) {
    groups.insert(groups.end(), more.begin(), more.end());
  }
  return {credentials.uid, credentials.pid, std::move(groups)};
}

auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

template <typename Body>
void describe(http::response<Body>& response, unsigned status, const char* type, bool keep_alive) {
  response.result(status);
  response.set(http::field::server, "ampd");
  response.set(http::field::content_type, type);
  response.keep_alive(keep_alive);
}

struct ReadFailure {
  unsigned status;
  const char* code;
  const char* message;
};

std::optional<ReadFailure> meaning_of(error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return ReadFailure{431, "exhausted", "the request's header is longer than ampd accepts"};
  }
  if (error == http::error::body_limit) {
    return ReadFailure{413, "exhausted", "the request's body is longer than ampd accepts"};
  }
  if (error == boost::beast::error::timeout) return std::nullopt;
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;
  }
  if (error.category() == http::make_error_code(http::error::end_of_stream).category()) {
    return ReadFailure{400, "invalid", "the request is not HTTP/1.1"};
  }
  return std::nullopt;
}

/// An Error becomes the stream's last line.
asio::awaitable<std::optional<Json>> next_line(const Lines& lines, bool& failed) {
  if (failed) co_return std::nullopt;
  try {
    co_return co_await lines();
  } catch (const Error& error) {
    failed = true;
    co_return std::get<Json>(error_response(error).body);
  }
}

}  // namespace

HttpConnection::HttpConnection(Socket socket)
    : stream_(std::move(socket)), peer_(peer_of(stream_.socket())) {}

asio::awaitable<void> HttpConnection::serve(const Handler& handler, const Receiver& receiver) {
  while (keep_alive_) {
    Header header;
    std::optional<Request> request = co_await read_header(header);
    if (!request) break;
    std::optional<Response> response;
    try {
      if (const std::optional<Receipt> receipt = receiver(*request)) {
        response = co_await receive(header, *receipt);
        if (!response) break;
      } else {
        if (!co_await read_body(header, request->body)) break;
        stream_.expires_never();
        response = co_await handler(std::move(*request));
      }
    } catch (const Error& error) {
      response = error_response(error);
    }
    if (!co_await write(std::move(*response))) break;
  }
  error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_both, ignored);
}

asio::awaitable<void> HttpConnection::refuse(const Error& error) {
  keep_alive_ = false;
  Response response = error_response(error);
  co_await write(std::move(response));
}

asio::awaitable<std::optional<Request>> HttpConnection::read_header(Header& header) {
  header.header_limit(limits::http_header_bytes);
  header.body_limit(std::numeric_limits<std::uint64_t>::max());
  error_code error;
  stream_.expires_after(seconds(limits::http_header_seconds));
  co_await http::async_read_header(stream_, buffer_, header, into(error));
  if (error) {
    co_await read_failed(error);
    co_return std::nullopt;
  }
  keep_alive_ = header.keep_alive();
  Request request;
  request.peer = peer_;
  request.method = std::string(header.get().method_string());
  const auto type = header.get()[http::field::content_type];
  request.content_type = std::string(type.data(), type.size());
  if (header.content_length()) request.body_bytes = *header.content_length();
  std::optional<Response> refusal;
  try {
    const auto target = header.get().target();
    parse_target({target.data(), target.size()}, request);
  } catch (const Error& problem) {
    refusal = error_response(problem);
  }
  if (header.get().version() != 11) {
    const Error old(ErrorCode::unsupported, "ampd speaks HTTP/1.1 only");
    refusal = error_response(old);
  }
  if (!refusal) co_return request;
  keep_alive_ = false;
  co_await write(std::move(*refusal));
  co_return std::nullopt;
}

asio::awaitable<bool> HttpConnection::go_on(const Header& header) {
  error_code error;
  stream_.expires_after(seconds(limits::http_body_seconds));
  if (header.get()[http::field::expect] == "100-continue") {
    http::response<http::empty_body> answer(http::status::continue_, 11);
    co_await http::async_write(stream_, answer, into(error));
  }
  co_return !error;
}

asio::awaitable<bool> HttpConnection::read_body(Header& header, std::string& body) {
  if (header.content_length() && *header.content_length() > limits::http_body_bytes) {
    co_await read_failed(http::error::body_limit);
    co_return false;
  }
  if (!co_await go_on(header)) co_return false;
  http::request_parser<http::string_body> parser(std::move(header));
  parser.body_limit(limits::http_body_bytes);
  error_code error;
  co_await http::async_read(stream_, buffer_, parser, into(error));
  if (error) {
    co_await read_failed(error);
    co_return false;
  }
  body = std::move(parser.get().body());
  co_return true;
}

asio::awaitable<std::optional<Response>> HttpConnection::receive(Header& header,
                                                                 const Receipt& receipt) {
  // What is left of a body that is refused would be taken for the next request.
  const bool keeps_alive = std::exchange(keep_alive_, false);
  if (!co_await go_on(header)) co_return std::nullopt;
  http::request_parser<http::buffer_body> parser(std::move(header));
  std::vector<std::byte> portion(portion_bytes);
  buffer_.reserve(limits::http_read_bytes);
  while (!parser.is_done()) {
    parser.get().body().data = portion.data();
    parser.get().body().size = portion.size();
    stream_.expires_after(seconds(limits::http_body_seconds));
    error_code error;
    co_await http::async_read_some(stream_, buffer_, parser, into(error));
    if (error && error != http::error::need_buffer) {
      co_await read_failed(error);
      co_return std::nullopt;
    }
    receipt.add(std::span(portion).first(portion.size() - parser.get().body().size));
  }
  keep_alive_ = keeps_alive;
  co_return receipt.finish();
}

asio::awaitable<bool> HttpConnection::read_failed(error_code error) {
  keep_alive_ = false;
  const std::optional<ReadFailure> failure = meaning_of(error);
  if (!failure) co_return false;
  const Json body{{"error", {{"code", failure->code}, {"message", failure->message}}}};
  co_return co_await write_json(failure->status, body);
}

asio::awaitable<bool> HttpConnection::write(Response response) {
  if (auto* value = std::get_if<Json>(&response.body)) {
    co_return co_await write_json(response.status, *value);
  }
  if (auto* file = std::get_if<base::FileDescriptor>(&response.body)) {
    co_return co_await write_file(std::move(*file));
  }
  co_return co_await write_lines(std::move(std::get<Lines>(response.body)));
}

asio::awaitable<bool> HttpConnection::write_json(unsigned status, const Json& value) {
  http::response<http::string_body> response;
  describe(response, status, "application/json", keep_alive_);
  response.body() = to_line(value) + "\n";
  response.prepare_payload();
  error_code error;
  stream_.expires_after(seconds(limits::http_write_seconds));
  co_await http::async_write(stream_, response, into(error));
  co_return !error;
}

asio::awaitable<bool> HttpConnection::write_file(base::FileDescriptor file) {
  http::response<http::file_body> response;
  describe(response, 200, "application/octet-stream", keep_alive_);
  boost::beast::file_posix opened;
  opened.native_handle(file.release());
  error_code error;
  opened.seek(0, error);
  if (!error) response.body().reset(std::move(opened), error);
  if (error) throw Error(ErrorCode::io, "cannot read the file to be sent: " + error.message());
  response.prepare_payload();
  http::response_serializer<http::file_body> serializer(response);
  while (!error && !serializer.is_done()) {
    stream_.expires_after(seconds(limits::http_write_seconds));
    co_await http::async_write_some(stream_, serializer, into(error));
  }
  co_return !error;
}

asio::awaitable<bool> HttpConnection::write_lines(Lines lines) {
  http::response<http::empty_body> response;
  describe(response, 200, "application/x-ndjson", keep_alive_);
  response.chunked(true);
  http::response_serializer<http::empty_body> serializer(response);
  error_code error;
  bool failed = false;
  stream_.expires_after(seconds(limits::http_write_seconds));
  co_await http::async_write_header(stream_, serializer, into(error));
  while (!error) {
    stream_.expires_never();
    const std::optional<Json> line = co_await next_line(lines, failed);
    stream_.expires_after(seconds(limits::http_write_seconds));
    if (!line) {
      co_await asio::async_write(stream_, http::make_chunk_last(), into(error));
      break;
    }
    const std::string text = to_line(*line) + "\n";
    const asio::const_buffer bytes = asio::buffer(text);
    co_await asio::async_write(stream_, http::make_chunk(bytes), into(error));
  }
  co_return !error;
}

}  // namespace ampd::daemon
