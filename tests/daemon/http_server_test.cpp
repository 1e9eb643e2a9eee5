#include "daemon/http_server.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.hpp"
#include "temporary_folder.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

asio::awaitable<Response> echo(Request request) {
  if (request.path.empty()) throw Error(ErrorCode::not_found, "there is nothing at /");
  Response response;
  if (request.path[0] == "count") {
    auto number = std::make_shared<int>(0);
    response.body = Lines([number]() -> asio::awaitable<std::optional<Json>> {
      if (*number == 3) co_return std::nullopt;
      co_return Json((*number)++);
    });
  } else if (request.path[0] == "broken") {
    response.body = Lines([]() -> asio::awaitable<std::optional<Json>> {
      throw Error(ErrorCode::io, "the line is lost");
      co_return std::nullopt;
    });
  } else if (request.path[0] == "file") {
    response.body = base::memory_file("file", std::string(3'000'000, 'x'));
  } else {
    response.body = Json{{"method", request.method},
                         {"path", request.path},
                         {"bytes", request.body.size()},
                         {"user", request.peer.user}};
  }
  co_return response;
}

/// Takes what is put; a body with an "x" is refused at once.
std::optional<Receipt> take(const Request& request) {
  if (request.method != "PUT") return std::nullopt;
  const auto bytes = std::make_shared<std::size_t>(0);
  return Receipt{[bytes](std::span<const std::byte> portion) {
                   if (std::ranges::count(portion, std::byte{'x'}) > 0) {
                     throw Error(ErrorCode::invalid, "there is an x");
                   }
                   *bytes += portion.size();
                 },
                 [bytes, request] {
                   return Response{201, Json{{"took", *bytes}, {"type", request.content_type}}};
                 }};
}

/// A server on a thread of its own, and raw connections to it.
class RunningServer {
 public:
  RunningServer()
      : server_(context_, listener(), echo, take), thread_([this] { context_.run(); }) {}
  ~RunningServer() {
    context_.stop();
    thread_.join();
  }

  base::FileDescriptor connect() const {
    base::FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(folder_ / "socket");
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    return client;
  }

  /// What the server says to `text` until it closes or `text` asked it to.
  std::string say(const std::string& text) const {
    const base::FileDescriptor client = connect();
    REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
    return hear(client);
  }

  static std::string hear(const base::FileDescriptor& client) {
    std::string heard;
    std::vector<char> bytes(65536);
    for (;;) {
      const ssize_t got = ::recv(client.get(), bytes.data(), bytes.size(), 0);
      if (got <= 0) return heard;
      heard.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  base::FileDescriptor listener() const {
    base::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(folder_ / "socket");
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket.get(), 512) == 0);
    return socket;
  }

  TemporaryFolder folder_;
  asio::io_context context_;
  HttpServer server_;
  std::thread thread_;
};

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: ampd\r\nConnection: close\r\n\r\n";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a request reaches the handler with its peer, and its answer comes back") {
  const RunningServer server;
  const std::string answer = server.say(get("/v1/jobs"));
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(holds(answer, R"({"method":"GET","path":["v1","jobs"],"bytes":0,"user":)" +
                          std::to_string(::getuid()) + "}\n"));
}

TEST_CASE("one connection serves request after request") {
  const RunningServer server;
  const std::string first = "POST /a HTTP/1.1\r\nHost: ampd\r\nContent-Length: 3\r\n\r\nabc";
  const std::string answer = server.say(first + get("/b"));
  CHECK(holds(answer, R"("path":["a"],"bytes":3)"));
  CHECK(holds(answer, R"("path":["b"],"bytes":0)"));
}

TEST_CASE("a body that is received is not held, whatever its size, and the next request follows") {
  const RunningServer server;
  const std::size_t size = base::limits::http_body_bytes + 5;
  const std::string answer =
      server.say("PUT /a HTTP/1.1\r\nContent-Type: a/b\r\nContent-Length: " + std::to_string(size) +
                 "\r\n\r\n" + std::string(size, '.') + get("/b"));
  CHECK(answer.starts_with("HTTP/1.1 201 Created\r\n"));
  CHECK(holds(answer, R"({"took":)" + std::to_string(size) + R"(,"type":"a/b"})"));
  CHECK(holds(answer, R"("path":["b"],"bytes":0)"));
}

TEST_CASE("a body that is refused ends the connection with the reason") {
  const RunningServer server;
  const std::string answer =
      server.say("PUT /a HTTP/1.1\r\nContent-Length: 9\r\n\r\n..x" + get("/b"));
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK(holds(answer, "there is an x"));
  CHECK_FALSE(holds(answer, R"("path":["b"])"));
}

TEST_CASE("an error of the handler is a status and a sentence") {
  const RunningServer server;
  const std::string answer = server.say(get("/"));
  CHECK(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(holds(answer, R"({"error":{"code":"not_found","message":"there is nothing at /"}})"));
}

TEST_CASE("lines come as chunks and end") {
  const RunningServer server;
  const std::string answer = server.say(get("/count"));
  CHECK(holds(answer, "Transfer-Encoding: chunked"));
  CHECK(answer.ends_with("\r\n\r\n2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n"));
}

TEST_CASE("an error among the lines is the last line") {
  const RunningServer server;
  const std::string answer = server.say(get("/broken"));
  CHECK(holds(answer, R"({"error":{"code":"io","message":"the line is lost"}})"));
  CHECK(answer.ends_with("\r\n0\r\n\r\n"));
}

TEST_CASE("a file comes whole") {
  const RunningServer server;
  const std::string answer = server.say(get("/file"));
  CHECK(holds(answer, "Content-Length: 3000000\r\n"));
  CHECK(answer.ends_with("\r\n\r\n" + std::string(3'000'000, 'x')));
}

TEST_CASE("what is not a request within the limits is refused with a sentence") {
  const RunningServer server;
  const std::string long_header(base::limits::http_header_bytes, 'h');
  const std::string too_long = std::to_string(base::limits::http_body_bytes + 1);
  const std::vector<std::pair<std::string, std::string>> table{
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 422 "},
      {"GET /%zz HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nX: " + long_header + "\r\n\r\n", "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nContent-Length: " + too_long + "\r\n\r\n", "HTTP/1.1 413 "},
  };
  for (const auto& [request, status] : table) {
    CAPTURE(request.substr(0, 60));
    const std::string answer = server.say(request);
    CHECK(answer.starts_with(status));
    CHECK(holds(answer, R"({"error":{"code":)"));
  }
}

TEST_CASE("a client that asks whether to go on is told so") {
  const RunningServer server;
  const std::string answer = server.say(
      "POST /a HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: "
      "close\r\n\r\nx");
  CHECK(answer.starts_with("HTTP/1.1 100 Continue\r\n"));
  CHECK(holds(answer, R"("bytes":1)"));
}

TEST_CASE("a user's connections are limited, and a closed one makes room") {
  const RunningServer server;
  std::vector<base::FileDescriptor> idle;
  for (int i = 0; i < base::limits::http_connections_of_user; ++i) idle.push_back(server.connect());
  const std::string refused = RunningServer::hear(server.connect());
  CHECK(refused.starts_with("HTTP/1.1 503 "));
  CHECK(holds(refused, "try again later"));
  idle.clear();
  std::string answer;
  for (int i = 0; i < 50 && !answer.starts_with("HTTP/1.1 200 "); ++i) {
    answer = server.say(get("/again"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(answer.starts_with("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace ampd::daemon
