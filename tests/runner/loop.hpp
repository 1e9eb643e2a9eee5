// A runner and its loop, driven until an order is through. TEST_WORKER is its worker's path.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "ampd/error.hpp"
#include "runner/worker_runner.hpp"

namespace ampd::runner {

/// All that a listener was told, the last event being the final one.
struct Told {
  std::vector<Event> events;
  std::vector<base::FileDescriptor> descriptors;

  const Event& last() const { return events.back(); }
  template <class T>
  const T* reply() const {
    const auto* reply = std::get_if<protocol::Reply>(&last());
    return reply == nullptr ? nullptr : std::get_if<T>(reply);
  }
  std::string failure() const {
    const auto* failed = reply<protocol::Failed>();
    return failed == nullptr ? "" : failed->sentence;
  }
  Died died() const {
    const auto* died = std::get_if<Died>(&last());
    REQUIRE(died != nullptr);
    return *died;
  }
};

class Loop {
 public:
  Loop() : Loop(test_settings()) {}
  explicit Loop(WorkerRunner::Settings settings) : runner(loop, std::move(settings)) {}

  static WorkerRunner::Settings test_settings() {
    WorkerRunner::Settings settings;
    settings.program = TEST_WORKER;
    settings.first_delay = std::chrono::milliseconds(100);
    return settings;
  }

  Listener listener() {
    told_ = {};
    is_done_ = false;
    return [this](Event event, std::vector<base::FileDescriptor> descriptors) {
      CHECK(!is_done_);
      const auto* reply = std::get_if<protocol::Reply>(&event);
      is_done_ = reply == nullptr || protocol::is_final(*reply);
      CHECK(runner.is_running() == !is_done_);
      told_.events.push_back(std::move(event));
      for (auto& descriptor : descriptors) told_.descriptors.push_back(std::move(descriptor));
      if (on_event) on_event();
    };
  }

  /// Runs the loop until the final event.
  Told finish() {
    run_until([this] { return is_done_; });
    return std::move(told_);
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      loop.restart();
      const std::size_t ran = loop.run_one_for(std::chrono::milliseconds(50));
      if (ran == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  Told order(protocol::Order order, int threads = 1) {
    runner.start(std::move(order), threads, listener());
    CHECK(runner.is_running());
    return finish();
  }

  /// What the scripted worker tells when it plays `scene`.
  Told play(const std::string& scene, int threads = 1) {
    return order(protocol::Hash{{"/" + scene}}, threads);
  }

  Told command(Command command) {
    runner.start(std::move(command), listener());
    CHECK(runner.is_running());
    return finish();
  }

  boost::asio::io_context loop;
  WorkerRunner runner;
  std::function<void()> on_event;

 private:
  Told told_;
  bool is_done_ = false;
};

/// The open descriptors of this process.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    count += entry.is_directory() ? 0 : 1;
  }
  return count;
}

}  // namespace ampd::runner
