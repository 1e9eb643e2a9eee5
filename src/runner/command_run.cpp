#include "runner/command_run.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/json.hpp"
#include "runner/death.hpp"
#include "runner/number.hpp"
#include "runner/rethrow.hpp"

namespace ampd::runner {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

constexpr double timeout_seconds_max = 1e9;  // more than any clock of ours can wait

Launch launch_of(const Command& command, int output, int errors) {
  return {.arguments = command.arguments,
          .environment = command.environment,
          .unset = {},
          .folder = command.folder,
          .descriptors = {-1, output, errors},
          .guarded = true};
}

}  // namespace

CommandRun::CommandRun(const asio::any_io_executor& executor, const Command& command,
                       Listener listener)
    : name_("the evaluation command " + command.arguments.front()),
      timeout_seconds_(command.timeout_seconds),
      output_(executor),
      errors_(executor),
      process_(launch_of(command, output_.write_end(), errors_.write_end())),
      process_end_(executor, process_.end_descriptor()),
      deadline_(executor),
      listener_(std::move(listener)) {}

std::shared_ptr<CommandRun> CommandRun::open(const asio::any_io_executor& executor,
                                             const Command& command, Listener listener) {
  const std::shared_ptr<CommandRun> run(new CommandRun(executor, command, std::move(listener)));
  run->output_.follow(run);
  run->errors_.follow(run);
  asio::co_spawn(executor, run->wait(run), rethrow);
  return run;
}

asio::awaitable<void> CommandRun::wait(std::shared_ptr<CommandRun> self) {
  if (timeout_seconds_ > 0) {
    const std::chrono::duration<double> timeout(std::min(timeout_seconds_, timeout_seconds_max));
    deadline_.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(timeout));
    deadline_.async_wait([self](const boost::system::error_code& cancelled) {
      if (!cancelled) self->end_by(Cause::time_out);
    });
  }
  while (!process_.poll()) {
    boost::system::error_code error;
    co_await process_end_.async_wait(stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
  deadline_.cancel();
  if (!is_running()) co_return;
  Event event = judge();
  const Listener listener = std::exchange(listener_, nullptr);
  listener(std::move(event), {});
}

void CommandRun::end_by(Cause cause) {
  if (cause_ == Cause::itself && !process_.poll()) cause_ = cause;
  process_.kill();
}

void CommandRun::stop() {
  end_by(Cause::stop);
}

void CommandRun::abandon() {
  listener_ = nullptr;
  deadline_.cancel();
  process_.kill();
}

protocol::Failed CommandRun::failed(ErrorCode code, const std::string& problem) {
  const std::string errors = errors_.tail().quoted();
  return {code, name_ + " " + problem + (errors.empty() ? output_.tail().quoted() : errors)};
}

Event CommandRun::judge() {
  const std::optional<Exit> exit = process_.poll();
  AMPD_CHECK(exit.has_value());
  if (cause_ == Cause::stop) return protocol::Stopped{};
  if (cause_ == Cause::time_out) {
    return failed(ErrorCode::exhausted,
                  "was not done after " + format_number(timeout_seconds_) + " seconds");
  }
  if (exit->signal != 0) {
    const TextTail& errors = errors_.tail();
    Died died = judge_death(name_, *exit, memory_killer_.has_struck(),
                            errors.quoted().empty() ? output_.tail() : errors);
    if (died.by_outside) return died;
    return protocol::Failed{ErrorCode::invalid, died.reason};
  }
  if (exit->status != 0) {
    return failed(ErrorCode::invalid, "ended with status " + std::to_string(exit->status));
  }
  const std::string last_line = base::valid_utf8(output_.tail().last_line());
  const std::optional<double> accuracy = parse_number(last_line);
  if (!accuracy) {
    return failed(ErrorCode::invalid, last_line.empty()
                                          ? "printed nothing; its last line must be a number"
                                          : "printed no number as its last line");
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started_;
  protocol::Evaluated evaluated;
  evaluated.verdicts = {{*accuracy}};
  evaluated.seconds = seconds.count();
  return evaluated;
}

}  // namespace ampd::runner
