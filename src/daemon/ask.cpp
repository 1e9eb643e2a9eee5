#include "daemon/ask.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ampd::daemon {
namespace {

namespace asio = boost::asio;

/// Where the listener leaves the last event.
class Answer {
 public:
  explicit Answer(asio::any_io_executor executor)
      : arrival_(executor, asio::steady_timer::time_point::max()) {}

  void take(runner::Event event) {
    const auto* reply = std::get_if<protocol::Reply>(&event);
    if (reply != nullptr && !protocol::is_final(*reply)) return;
    event_ = std::move(event);
    arrival_.cancel();
  }

  asio::awaitable<runner::Event> wait() {
    boost::system::error_code cancelled;
    while (!event_) {
      co_await arrival_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    co_return std::move(*event_);
  }

 private:
  asio::steady_timer arrival_;
  std::optional<runner::Event> event_;
};

}  // namespace

asio::awaitable<protocol::Reply> ask(runner::Runner& runner, protocol::Order order, int threads,
                                     std::string what) {
  Answer answer(co_await asio::this_coro::executor);
  runner.start(std::move(order), threads,
               [&answer](runner::Event event, std::vector<base::FileDescriptor>) {
                 answer.take(std::move(event));
               });
  runner::Event event = co_await answer.wait();
  if (const auto* died = std::get_if<runner::Died>(&event)) {
    if (died->not_started) throw Error(ErrorCode::io, died->reason);
    throw Error(ErrorCode::invalid, what + " did not come to an end: " + died->reason);
  }
  auto& reply = std::get<protocol::Reply>(event);
  if (const auto* failed = std::get_if<protocol::Failed>(&reply)) {
    throw Error(failed->code, failed->sentence);
  }
  co_return std::move(reply);
}

}  // namespace ampd::daemon
