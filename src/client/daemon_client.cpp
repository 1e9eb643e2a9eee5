#include "client/daemon_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/file_posix.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/limits.hpp"

namespace ampd::client {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using boost::system::error_code;

[[noreturn]] void throw_answer(const std::string& text) {
  const Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object() || !answer.contains("error") || !answer["error"].is_object()) {
    throw Unreachable("what answers at the socket is not ampd");
  }
  throw Error(parse_error_code(answer["error"].value("code", "")),
              answer["error"].value("message", ""));
}

Json parse_answer(const std::string& text) {
  Json answer = Json::parse(text, nullptr, false);
  if (answer.is_discarded()) throw Unreachable("what answers at the socket is not ampd");
  return answer;
}

/// One request and its answer. Each step waits for its end, or for the deadline.
class Exchange {
 public:
  Exchange(const std::filesystem::path& path, const DaemonClient::Deadline& deadline)
      : path_(path), stream_(context_) {
    error_code error;
    stream_.socket().connect(stream_protocol::endpoint(path.native()), error);
    if (error) fail(error);
    if (deadline) stream_.expires_at(*deadline);
    buffer_.reserve(base::limits::http_read_bytes);
  }

  void send(const std::string& method, const std::string& target, const std::string& body) {
    http::request<http::string_body> request(http::string_to_verb(method), target, 11);
    request.set(http::field::host, "ampd");
    request.set(http::field::user_agent, "ampctl");
    if (!body.empty()) request.set(http::field::content_type, "application/json");
    request.keep_alive(false);
    request.body() = body;
    request.prepare_payload();
    await([&](auto done) { http::async_write(stream_, request, done); });
    header_.body_limit(std::numeric_limits<std::uint64_t>::max());
    await([&](auto done) { http::async_read_header(stream_, buffer_, header_, done); });
    if (header_.get().result_int() >= 400) throw_answer(text());
  }

  /// A request whose body `write` gives. What the daemon says counts even if it does not take all.
  void send(const std::string& target, const std::string& type, std::int64_t bytes,
            const std::function<void(const DaemonClient::Portions&)>& write) {
    http::request<http::empty_body> request(http::verb::put, target, 11);
    request.set(http::field::host, "ampd");
    request.set(http::field::user_agent, "ampctl");
    request.set(http::field::content_type, type);
    request.content_length(static_cast<std::uint64_t>(bytes));
    request.keep_alive(false);
    http::request_serializer<http::empty_body> serializer(request);
    await([&](auto done) { http::async_write_header(stream_, serializer, done); });
    error_code refusal;
    write([&](std::span<const std::byte> portion) {
      if (refusal) return;
      const asio::const_buffer buffer = asio::buffer(portion.data(), portion.size());
      refusal = outcome([&](auto done) { asio::async_write(stream_, buffer, done); });
    });
    await([&](auto done) { http::async_read_header(stream_, buffer_, header_, done); });
    if (header_.get().result_int() >= 400) throw_answer(text());
  }

  std::string text() {
    http::response_parser<http::string_body> parser(std::move(header_));
    parser.body_limit(base::limits::http_answer_bytes);
    await([&](auto done) { http::async_read(stream_, buffer_, parser, done); });
    return std::move(parser.get().body());
  }

  void bytes(boost::beast::file_posix file) {
    http::response_parser<http::file_body> parser(std::move(header_));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    error_code error;
    parser.get().body().reset(std::move(file), error);
    if (!error) await([&](auto done) { http::async_read(stream_, buffer_, parser, done); });
    if (error) fail(error);
  }

  void lines(const std::function<void(const Json&)>& visit) {
    http::response_parser<http::string_body> parser(std::move(header_));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    std::string& arrived = parser.get().body();
    while (!parser.is_done()) {
      await([&](auto done) { http::async_read_some(stream_, buffer_, parser, done); });
      std::size_t end = 0;
      while ((end = arrived.find('\n')) != std::string::npos) {
        const std::string line = arrived.substr(0, end);
        arrived.erase(0, end + 1);
        visit(parse_answer(line));
      }
    }
  }

 private:
  template <typename Start>
  error_code outcome(Start start) {
    error_code result;
    start([&result](error_code error, std::size_t) { result = error; });
    context_.restart();
    context_.run();
    return result;
  }

  template <typename Start>
  void await(Start start) {
    if (const error_code result = outcome(start)) fail(result);
  }

  [[noreturn]] void fail(error_code error) const {
    if (error == boost::beast::error::timeout) throw TimedOut("the time of --timeout is over");
    if (error == asio::error::access_denied) {
      throw Error(ErrorCode::denied, "you may not use the daemon's socket " + path_.string() +
                                         "; it is open to its owner and its group");
    }
    throw Unreachable("the daemon at " + path_.string() + " went away: " + error.message());
  }

  std::filesystem::path path_;
  asio::io_context context_;
  boost::beast::basic_stream<stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::empty_body> header_;
};

bool somebody_listens(const std::filesystem::path& path) {
  asio::io_context context;
  stream_protocol::socket socket(context);
  error_code error;
  if (path.native().size() > base::limits::socket_path_bytes) return false;
  socket.connect(stream_protocol::endpoint(path.native()), error);
  return !error || error == asio::error::access_denied;
}

}  // namespace

DaemonClient::DaemonClient(const std::vector<std::filesystem::path>& sockets, Deadline deadline)
    : deadline_(deadline) {
  std::string places;
  for (const std::filesystem::path& path : sockets) {
    if (somebody_listens(path)) {
      path_ = path;
      return;
    }
    places += (places.empty() ? "" : " or ") + path.string();
  }
  throw Unreachable("no daemon answers at " + places +
                    "; start it (\"ampd\", or \"systemctl start ampd\") or name its socket with "
                    "--socket");
}

Json DaemonClient::call(const std::string& method, const std::string& target,
                        const std::string& body) const {
  Exchange exchange(path_, deadline_);
  exchange.send(method, target, body);
  return parse_answer(exchange.text());
}

void DaemonClient::upload(const std::string& target, const std::string& type, std::int64_t bytes,
                          const std::function<void(const Portions&)>& write) const {
  Exchange exchange(path_, deadline_);
  exchange.send(target, type, bytes, write);
}

void DaemonClient::download(const std::string& target, int descriptor) const {
  Exchange exchange(path_, deadline_);
  exchange.send("GET", target, {});
  boost::beast::file_posix file;
  file.native_handle(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  exchange.bytes(std::move(file));
}

void DaemonClient::follow(const std::string& target,
                          const std::function<void(const Json&)>& line) const {
  Exchange exchange(path_, deadline_);
  exchange.send("GET", target, {});
  exchange.lines(line);
}

}  // namespace ampd::client
