#include "daemon/turnstile.hpp"

#include <chrono>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::daemon {

namespace asio = boost::asio;

asio::awaitable<Turnstile::Turn> Turnstile::enter() {
  const std::shared_ptr<bool> is_taken = is_taken_;
  const std::shared_ptr<std::size_t> waiting = waiting_;
  if (*waiting >= base::limits::submissions_waiting) {
    throw Error(ErrorCode::exhausted, "too many jobs are being submitted at once; try again later");
  }
  ++*waiting;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (*is_taken) {
    pause.expires_after(std::chrono::milliseconds(base::limits::submission_pause_milliseconds));
    co_await pause.async_wait(asio::use_awaitable);
  }
  --*waiting;
  *is_taken = true;
  co_return Turn(nullptr, [is_taken](void*) { *is_taken = false; });
}

}  // namespace ampd::daemon
