#include "runner/worker_runner.hpp"

#include <algorithm>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/physical_cores.hpp"
#include "runner/worker_program.hpp"

namespace ampd::runner {

using Clock = std::chrono::steady_clock;

WorkerRunner::WorkerRunner(boost::asio::io_context& loop) : WorkerRunner(loop, Settings{}) {}

WorkerRunner::WorkerRunner(boost::asio::io_context& loop, Settings settings)
    : loop_(loop), settings_(std::move(settings)), wait_(loop), idle_(loop) {}

WorkerRunner::~WorkerRunner() {
  kill();
  drop_worker();
}

bool WorkerRunner::is_running() const {
  return later_ != nullptr || (worker_ != nullptr && worker_->is_serving()) ||
         (command_ != nullptr && command_->is_running());
}

void WorkerRunner::start(protocol::Order order, int threads, Listener listener) {
  AMPD_CHECK(!is_running());
  idle_.cancel();
  if (threads <= 0) threads = base::physical_cores();
  std::set<Grant> grants = grants_of(order);
  Later later{std::move(order), threads, std::move(grants), {}, std::move(listener)};
  if (!has_worker(later) && Clock::now() < not_before_) {
    wait(std::move(later), not_before_);
  } else {
    launch(std::move(later));
  }
}

void WorkerRunner::start(Command command, Listener listener) {
  AMPD_CHECK(!is_running());
  try {
    command_ = CommandRun::open(loop_.get_executor(), command, listener);
  } catch (const Error& error) {
    const bool is_missing =
        error.code() == ErrorCode::not_found || error.code() == ErrorCode::denied;
    tell(is_missing ? Event(protocol::Failed{error.code(), error.what()})
                    : Event(Died{error.what(), true, true}),
         std::move(listener));
  }
}

void WorkerRunner::launch(Later later) {
  const bool is_used = has_worker(later);
  if (!is_used) {
    drop_worker();
    try {
      const std::filesystem::path program =
          settings_.program.empty() ? find_worker() : settings_.program;
      worker_ = WorkerConnection::open(
          loop_.get_executor(), {program, later.threads, later.grants, settings_.silence_max});
      worker_threads_ = later.threads;
      worker_grants_ = later.grants;
    } catch (const Error& error) {
      const Event event = Died{error.what(), true, true};
      count_start(event);
      tell(event, std::move(later.listener));
      return;
    }
  }
  try {
    worker_->serve(*later.order, is_used ? second_chance(later) : watched(later.listener));
  } catch (const Error& error) {
    tell(protocol::Failed{error.code(), error.what()}, std::move(later.listener));
  }
}

bool WorkerRunner::has_worker(const Later& later) const {
  return worker_ != nullptr && worker_threads_ == later.threads &&
         std::ranges::includes(worker_grants_, later.grants) && worker_->is_alive();
}

void WorkerRunner::drop_worker() {
  if (worker_ != nullptr) worker_->abandon();
  worker_ = nullptr;
}

void WorkerRunner::wait(Later later, Clock::time_point until) {
  later_ = std::make_shared<Later>(std::move(later));
  wait_.expires_at(until);
  wait_.async_wait(
      [this, weak = std::weak_ptr(later_)](const boost::system::error_code& cancelled) {
        const std::shared_ptr<Later> due = weak.lock();
        if (cancelled || due == nullptr) return;
        later_ = nullptr;
        if (due->order) {
          launch(std::move(*due));
        } else {
          due->listener(std::move(due->event), {});
        }
      });
}

void WorkerRunner::tell(Event event, Listener listener) {
  wait({std::nullopt, 0, {}, std::move(event), std::move(listener)}, Clock::now());
}

Listener WorkerRunner::watched(Listener listener) {
  return [this, listener = std::move(listener)](Event event,
                                                std::vector<base::FileDescriptor> descriptors) {
    count_start(event);
    const auto* reply = std::get_if<protocol::Reply>(&event);
    if (reply != nullptr && protocol::is_final(*reply)) {
      idle_.expires_after(settings_.idle_max);
      idle_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled && !is_running()) drop_worker();
      });
    }
    listener(std::move(event), std::move(descriptors));
  };
}

Listener WorkerRunner::second_chance(Later later) {
  return [this, listener = watched(later.listener), later = std::move(later), has_answered = false](
             Event event, std::vector<base::FileDescriptor> descriptors) mutable {
    const auto* died = std::get_if<Died>(&event);
    if (died != nullptr && !died->by_outside && !has_answered) {
      drop_worker();
      launch(std::move(later));
      return;
    }
    has_answered = true;
    listener(std::move(event), std::move(descriptors));
  };
}

void WorkerRunner::count_start(const Event& event) {
  const auto* died = std::get_if<Died>(&event);
  if (died == nullptr || !died->not_started) {
    failed_starts_ = 0;
    return;
  }
  constexpr int doublings_max = 20;
  const std::chrono::nanoseconds delay =
      settings_.first_delay * (std::int64_t{1} << std::min(failed_starts_, doublings_max));
  not_before_ = Clock::now() + std::min(delay, settings_.last_delay);
  ++failed_starts_;
}

void WorkerRunner::stop() {
  if (later_ != nullptr && later_->order) {
    const Listener listener = std::move(later_->listener);
    tell(protocol::Stopped{}, listener);
  } else if (worker_ != nullptr && worker_->is_serving()) {
    worker_->stop();
  } else if (command_ != nullptr && command_->is_running()) {
    command_->stop();
  }
}

void WorkerRunner::kill() {
  later_ = nullptr;
  wait_.cancel();
  if (worker_ != nullptr && worker_->is_serving()) drop_worker();
  if (command_ != nullptr) command_->abandon();
  command_ = nullptr;
}

}  // namespace ampd::runner
