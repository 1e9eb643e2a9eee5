#include "daemon/http_server.hpp"

#include <unistd.h>

#include <chrono>
#include <exception>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.hpp"
#include "daemon/http_connection.hpp"
#include "daemon/request_rate.hpp"

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;
namespace limits = base::limits;
using asio::local::stream_protocol;

void rethrow(std::exception_ptr exception) {
  if (exception) std::rethrow_exception(exception);
}

}  // namespace

/// Lives as long as the last connection.
struct HttpServer::Shared {
  Shared(asio::io_context& context, base::FileDescriptor listener, Handler to_handle,
         Receiver to_receive)
      : acceptor(context, stream_protocol(), listener.release()),
        handler(std::move(to_handle)),
        receiver(std::move(to_receive)) {}

  stream_protocol::acceptor acceptor;
  Handler handler;
  Receiver receiver;
  RequestRate rate{limits::requests_per_second_of_user, limits::requests_at_once_of_user};
  std::map<uid_t, int> connections_of_user;
  int connections = 0;
};

namespace {

/// One more connection of a user, while it lives.
class Place {
 public:
  Place(int& all, int& of_user) : all_(all), of_user_(of_user) {
    ++all_;
    ++of_user_;
  }
  ~Place() {
    --all_;
    --of_user_;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  bool is_free() const {
    return all_ <= limits::http_connections && of_user_ <= limits::http_connections_of_user;
  }

 private:
  int& all_;
  int& of_user_;
};

}  // namespace

HttpServer::HttpServer(asio::io_context& context, base::FileDescriptor listener, Handler handler,
                       Receiver receiver)
    : shared_(std::make_shared<Shared>(context, std::move(listener), std::move(handler),
                                       std::move(receiver))) {
  asio::co_spawn(context, accept_connections(shared_), rethrow);
}

void HttpServer::stop() {
  shared_->acceptor.close();
}

asio::awaitable<void> HttpServer::accept_connections(std::shared_ptr<Shared> shared) {
  asio::steady_timer pause(shared->acceptor.get_executor());
  while (shared->acceptor.is_open()) {
    boost::system::error_code error;
    stream_protocol::socket socket =
        co_await shared->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      asio::co_spawn(shared->acceptor.get_executor(), serve(std::move(socket), shared), rethrow);
    } else if (shared->acceptor.is_open()) {
      // Out of descriptors or memory: the connection still waits, so trying at once would spin.
      pause.expires_after(std::chrono::milliseconds(limits::http_accept_pause_milliseconds));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

asio::awaitable<void> HttpServer::serve(stream_protocol::socket socket,
                                        std::shared_ptr<Shared> shared) {
  HttpConnection connection(std::move(socket));
  const Place place(shared->connections, shared->connections_of_user[connection.peer().user]);
  if (place.is_free()) {
    const auto require_rate = [&shared](const Peer& peer) {
      const bool is_trusted = peer.user == 0 || peer.user == ::geteuid();
      if (is_trusted || shared->rate.allows(peer.user, std::chrono::steady_clock::now())) return;
      throw Error(ErrorCode::exhausted,
                  "you make more requests than the daemon takes of one user; slow down");
    };
    co_await connection.serve(
        [&](Request request) {
          require_rate(request.peer);
          return shared->handler(std::move(request));
        },
        [&](const Request& request) {
          return shared->receiver ? shared->receiver(request) : std::nullopt;
        });
  } else {
    const Error full(ErrorCode::exhausted,
                     "the daemon serves as many connections as it can; try again later");
    co_await connection.refuse(full);
  }
}

}  // namespace ampd::daemon
