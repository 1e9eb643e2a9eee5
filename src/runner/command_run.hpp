// One run of the user's own evaluation command.
//
// It is a process group, which ends as a whole: at the time-out, when the command itself ends, and
// when this program ends. The number on its last line is the accuracy.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>  // Boost 1.74 needs it before its coroutines

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runner/child_process.hpp"
#include "runner/memory_killer.hpp"
#include "runner/output.hpp"
#include "runner/runner.hpp"

namespace ampd::runner {

class CommandRun {
 public:
  /// Throws Error when the command cannot be started.
  static std::shared_ptr<CommandRun> open(const boost::asio::any_io_executor& executor,
                                          const Command& command, Listener listener);

  bool is_running() const { return listener_ != nullptr; }

  /// Kills it; Stopped follows.
  void stop();

  /// Kills it; the listener is not called any more.
  void abandon();

 private:
  enum class Cause { itself, time_out, stop };

  CommandRun(const boost::asio::any_io_executor& executor, const Command& command,
             Listener listener);
  boost::asio::awaitable<void> wait(std::shared_ptr<CommandRun> self);
  void end_by(Cause cause);
  Event judge();
  protocol::Failed failed(ErrorCode code, const std::string& problem);

  const std::string name_;
  const double timeout_seconds_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  MemoryKiller memory_killer_;
  Output output_;
  Output errors_;
  ChildProcess process_;
  boost::asio::posix::stream_descriptor process_end_;
  boost::asio::steady_timer deadline_;
  Cause cause_ = Cause::itself;
  Listener listener_;
};

}  // namespace ampd::runner
