// The runner that starts processes: ampd-worker for orders, the user's own for commands.
//
// A worker is kept from one order to the next of the same thread count, because it holds weights,
// programs and data, as long as the orders name no more files than it may read; left idle it is
// ended. All happens on the thread that runs `loop`, which must be the main one: a worker ends with
// the thread that has started it. The runner goes before its loop.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/limits.hpp"
#include "runner/command_run.hpp"
#include "runner/grant.hpp"
#include "runner/runner.hpp"
#include "runner/worker_connection.hpp"

namespace ampd::runner {

class WorkerRunner final : public Runner {
 public:
  struct Settings {
    std::filesystem::path program;  // empty: looked for at each start, as find_worker does
    std::chrono::nanoseconds silence_max =
        std::chrono::seconds(base::limits::worker_silence_seconds);
    std::chrono::nanoseconds idle_max = std::chrono::seconds(base::limits::worker_idle_seconds);
    std::chrono::nanoseconds first_delay =
        std::chrono::seconds(1);  // after a failed start; doubles
    std::chrono::nanoseconds last_delay = std::chrono::seconds(60);
  };

  explicit WorkerRunner(boost::asio::io_context& loop);
  WorkerRunner(boost::asio::io_context& loop, Settings settings);
  ~WorkerRunner() override;

  void start(protocol::Order order, int threads, Listener listener) override;
  void start(Command command, Listener listener) override;
  void stop() override;
  void kill() override;
  bool is_running() const override;

 private:
  /// What is to happen later: an order that is not sent yet, or an event that is not told yet.
  struct Later {
    std::optional<protocol::Order> order;
    int threads = 0;
    std::set<Grant> grants;  // of the order
    Event event;
    Listener listener;
  };

  void wait(Later later, std::chrono::steady_clock::time_point until);
  void tell(Event event, Listener listener);
  void launch(Later later);
  bool has_worker(const Later& later) const;
  void drop_worker();
  Listener watched(Listener listener);
  /// For an order to a worker that has served others: if it dies without a word, that may be their
  /// doing, and the order goes to a fresh one.
  Listener second_chance(Later later);
  void count_start(const Event& event);

  boost::asio::io_context& loop_;
  const Settings settings_;
  boost::asio::steady_timer wait_;
  boost::asio::steady_timer idle_;
  std::shared_ptr<Later> later_;
  std::shared_ptr<WorkerConnection> worker_;
  int worker_threads_ = 0;
  std::set<Grant> worker_grants_;
  std::shared_ptr<CommandRun> command_;
  int failed_starts_ = 0;
  std::chrono::steady_clock::time_point not_before_{};
};

}  // namespace ampd::runner
