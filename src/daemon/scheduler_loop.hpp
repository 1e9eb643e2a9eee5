// The scheduler on an io_context: called when it is due, told to stop within a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.hpp"
#include "scheduler/scheduler.hpp"

namespace ampd::daemon {

class SchedulerLoop {
 public:
  using Listener = std::function<void(const store::Event&)>;
  using OnStall = std::function<void(const std::string& reason)>;

  /// `listener` is told each event, `on_stall` why the store cannot be written for now. All
  /// references live longer than the loop.
  SchedulerLoop(boost::asio::io_context& context, store::Store& store, runner::Runner& runner,
                const base::Clock& clock, Listener listener, OnStall on_stall);

  scheduler::Scheduler& scheduler() { return scheduler_; }
  const scheduler::Scheduler& scheduler() const { return scheduler_; }

  /// To be called after each call of the scheduler.
  void changed();

  /// Grows with each event, batch and call.
  const std::uint64_t& changes() const { return changes_; }

  /// Waits until something changes, or for at most `patience`.
  boost::asio::awaitable<void> wait_for_change(std::chrono::milliseconds patience);

  /// Saves and stops after the running batch; a batch that lasts longer than `patience` is given
  /// up, and runs again another time.
  boost::asio::awaitable<void> shut_down(std::chrono::milliseconds patience);

  /// io_context::run(), until it is stopped. Throws the Error of a store that failed.
  void run();

 private:
  scheduler::Observer observer(Listener listener, OnStall on_stall);
  boost::asio::awaitable<void> drive();

  boost::asio::io_context& context_;
  runner::Runner& runner_;
  boost::asio::steady_timer due_;
  boost::asio::steady_timer change_;
  std::uint64_t changes_ = 0;
  std::optional<Error> failure_;
  scheduler::Scheduler scheduler_;
};

}  // namespace ampd::daemon
