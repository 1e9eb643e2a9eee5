#include "client/daemon_client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/files.hpp"
#include "daemon/http_server.hpp"
#include "daemon/listener.hpp"
#include "temporary_folder.hpp"

namespace ampd::client {
namespace {

namespace asio = boost::asio;
using daemon::Request;
using daemon::Response;

asio::awaitable<Response> answer(Request request) {
  Response response;
  const std::string what = request.path.empty() ? "" : request.path[0];
  if (what == "denied") throw Error(ErrorCode::denied, "not you");
  if (what == "file") {
    response.body = base::memory_file("file", std::string(1'000'000, 'x'));
  } else if (what == "count") {
    auto number = std::make_shared<int>(0);
    response.body = daemon::Lines([number]() -> asio::awaitable<std::optional<Json>> {
      if (*number == 3) co_return std::nullopt;
      co_return Json{{"number", (*number)++}};
    });
  } else if (what == "silence") {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
  } else {
    response.body =
        Json{{"method", request.method}, {"path", request.path}, {"body", request.body}};
  }
  co_return response;
}

class Daemon {
 public:
  Daemon()
      : listener_(daemon::Listener::at(folder_ / "socket")),
        server_(context_, listener_.descriptor(), answer),
        thread_([this] { context_.run(); }) {}
  ~Daemon() {
    context_.stop();
    thread_.join();
  }

  DaemonClient client(DaemonClient::Deadline deadline = {}) const {
    return DaemonClient({folder_ / "nobody", folder_ / "socket"}, deadline);
  }

 private:
  TemporaryFolder folder_;
  asio::io_context context_;
  daemon::Listener listener_;
  daemon::HttpServer server_;
  std::thread thread_;
};

TEST_CASE("a request's answer comes back, from the first socket that answers") {
  const Daemon daemon;
  CHECK(daemon.client().call("POST", "/v1/jobs/a%20b", "{}").dump() ==
        R"({"method":"POST","path":["v1","jobs","a b"],"body":"{}"})");
  CHECK(daemon.client().call("GET", "/x")["method"] == "GET");
  CHECK(daemon.client().call("DELETE", "/x")["method"] == "DELETE");
}

TEST_CASE("the daemon's refusal is thrown as its own error") {
  const Daemon daemon;
  try {
    daemon.client().call("GET", "/denied");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::denied);
    CHECK(std::string(error.what()) == "not you");
  }
}

TEST_CASE("a file is written to the descriptor") {
  const Daemon daemon;
  const base::FileDescriptor file = base::memory_file("target", "");
  daemon.client().download("/file", file.get());
  CHECK(base::read_descriptor(file.get(), "target", 10'000'000).size() == 1'000'000);
}

TEST_CASE("lines are handed over until the stream ends") {
  const Daemon daemon;
  std::vector<int> numbers;
  daemon.client().follow("/count", [&](const Json& line) { numbers.push_back(line["number"]); });
  CHECK(numbers == std::vector<int>{0, 1, 2});
}

TEST_CASE("a silent daemon is waited for until the deadline") {
  const Daemon daemon;
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  CHECK_THROWS_AS(daemon.client(soon).call("GET", "/silence"), TimedOut);
}

TEST_CASE("without a daemon every place that was tried is named") {
  const TemporaryFolder folder;
  const std::vector<std::filesystem::path> sockets{folder / "one", folder / std::string(200, 'x')};
  try {
    const DaemonClient client(sockets);
    FAIL("nothing was thrown");
  } catch (const Unreachable& error) {
    CHECK(std::string(error.what()).find("/one or ") != std::string::npos);
  }
}

}  // namespace
}  // namespace ampd::client
