#include "daemon/scheduler_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runner/rethrow.hpp"

namespace ampd::daemon {

namespace asio = boost::asio;
using Time = asio::steady_timer::time_point;

SchedulerLoop::SchedulerLoop(asio::io_context& context, store::Store& store, runner::Runner& runner,
                             const base::Clock& clock, Listener listener, OnStall on_stall)
    : context_(context),
      runner_(runner),
      due_(context),
      change_(context, Time::max()),
      scheduler_(store, runner, clock, observer(std::move(listener), std::move(on_stall))) {
  asio::co_spawn(context, drive(), runner::rethrow);
}

scheduler::Observer SchedulerLoop::observer(Listener listener, OnStall on_stall) {
  scheduler::Observer observer;
  observer.event = [this, listener = std::move(listener)](const store::Event& event) {
    listener(event);
    changed();
  };
  observer.progress = [this](const scheduler::Activity&) { changed(); };
  observer.idle = [this] { changed(); };
  observer.stalled = [this, on_stall = std::move(on_stall)](const std::string& reason) {
    on_stall(reason);
    changed();
  };
  observer.failure = [this](const Error& error) {
    failure_ = error;
    context_.stop();
  };
  return observer;
}

void SchedulerLoop::changed() {
  ++changes_;
  due_.cancel();
  change_.cancel();
}

asio::awaitable<void> SchedulerLoop::wait_for_change(std::chrono::milliseconds patience) {
  boost::system::error_code ended;
  change_.expires_after(patience);
  co_await change_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

asio::awaitable<void> SchedulerLoop::drive() {
  for (;;) {
    const std::optional<std::chrono::nanoseconds> due = scheduler_.due();
    const Time time = due ? Time(*due) : Time::max();
    boost::system::error_code cancelled;
    due_.expires_at(time);
    co_await due_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (due && asio::steady_timer::clock_type::now() >= time) {
      scheduler_.advance();
      ++changes_;
      change_.cancel();
    }
  }
}

asio::awaitable<void> SchedulerLoop::shut_down(std::chrono::milliseconds patience) {
  const Time end = asio::steady_timer::clock_type::now() + patience;
  scheduler_.shut_down();
  changed();
  while (!scheduler_.is_idle()) {
    const auto left = end - asio::steady_timer::clock_type::now();
    if (left <= std::chrono::nanoseconds(0)) break;
    co_await wait_for_change(std::chrono::duration_cast<std::chrono::milliseconds>(left) +
                             std::chrono::milliseconds(1));
  }
  if (!scheduler_.is_idle()) runner_.kill();
}

void SchedulerLoop::run() {
  context_.run();
  if (failure_) throw *failure_;
}

}  // namespace ampd::daemon
