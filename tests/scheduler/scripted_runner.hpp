// A runner without processes: its worker answers one callback at a time, when a test says so.
//
// The worker evaluates in batches, with a checkpoint after each, and sums up: an evaluation that
// goes on from a wrong checkpoint ends with another accuracy.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "manual_clock.hpp"
#include "runner/runner.hpp"

/// What the worker finds; a test changes it as it likes.
struct World {
  std::map<std::string, std::string> digests;  // by path; others: the file's name
  ampd::TuningSpace space;
  std::string fingerprint = "cpu 1";
  std::int64_t batches = 4;
  std::size_t configs_max = 1;  // that the worker evaluates together
  std::chrono::milliseconds batch_duration{400};

  /// Accuracy of one batch; the trial's accuracy is the mean.
  std::function<double(const ampd::protocol::Precisions&, std::int64_t batch)> accuracy;
  std::function<ampd::protocol::Measured(const ampd::protocol::Precisions&)> latency;

  /// What happens instead of the worker's next callback; none: what it would say.
  std::function<std::optional<ampd::runner::Event>(const ampd::protocol::Order&,
                                                   const ampd::runner::Event& planned)>
      fault;
};

/// "bbf": the first letters of the precisions, in the order of the operators' names.
inline std::string text_of(const ampd::protocol::Precisions& precisions) {
  std::string text;
  for (const auto& [op, precision] : precisions) text += to_string(precision).substr(0, 1);
  return text;
}

class ScriptedRunner final : public ampd::runner::Runner {
 public:
  ScriptedRunner(World& world, ManualClock& clock) : world_(world), clock_(clock) {}

  void start(ampd::protocol::Order order, int /*threads*/,
             ampd::runner::Listener listener) override {
    REQUIRE_FALSE(is_running());
    order_ = std::move(order);
    listener_ = std::move(listener);
    is_stopped_ = false;
    plan();
  }

  void start(ampd::runner::Command command, ampd::runner::Listener listener) override {
    ampd::protocol::Evaluate order;
    order.configs.resize(1);
    const nlohmann::json config =
        nlohmann::json::parse(ampd::base::read_text(command.environment.at(1).second, 1 << 20));
    for (const auto& [op, word] : config.at("ops").items()) {
      order.configs.front()[op] = *ampd::parse_precision(word.get<std::string>());
    }
    commands.push_back(std::move(command));
    start(ampd::protocol::Order(order), 0, std::move(listener));
    ampd::protocol::Evaluated evaluated =
        std::get<ampd::protocol::Evaluated>(std::get<ampd::protocol::Reply>(events_.back()));
    evaluated.verdicts = {{evaluated.verdicts.at(0).accuracy}};
    evaluated.fingerprint.clear();
    events_ = {ampd::protocol::Reply(evaluated)};
  }

  void stop() override { is_stopped_ = true; }

  void kill() override {
    listener_ = nullptr;
    events_.clear();
    ++kills;
  }

  bool is_running() const override { return listener_ != nullptr; }

  /// Delivers one callback. False: there was none.
  bool step() {
    if (!is_running()) return false;
    ampd::runner::Event event = next_event();
    const ampd::runner::Listener listener = listener_;
    if (!is_on_the_way(event)) {
      listener_ = nullptr;
      events_.clear();
    }
    listener(std::move(event), {});
    return true;
  }

  std::vector<ampd::runner::Command> commands;
  int kills = 0;

 private:
  static bool is_on_the_way(const ampd::runner::Event& event) {
    const auto* reply = std::get_if<ampd::protocol::Reply>(&event);
    return reply != nullptr && (std::holds_alternative<ampd::protocol::Progress>(*reply) ||
                                std::holds_alternative<ampd::protocol::Checkpoint>(*reply));
  }

  ampd::runner::Event next_event() {
    ampd::runner::Event event = events_.front();
    const auto& reply = std::get<ampd::protocol::Reply>(event);
    const bool is_batch = std::holds_alternative<ampd::protocol::Progress>(reply);
    const bool is_command = std::holds_alternative<ampd::protocol::Evaluate>(order_) &&
                            events_.size() == 1 && !commands.empty();
    if (is_stopped_ && (is_batch || is_command)) {
      event = ampd::protocol::Reply(ampd::protocol::Stopped{});
    } else if (!std::holds_alternative<ampd::protocol::Checkpoint>(reply)) {
      clock_.advance(world_.batch_duration);
    }
    if (world_.fault) {
      if (auto other = world_.fault(order_, event)) return std::move(*other);
    }
    events_.pop_front();
    return event;
  }

  void say(ampd::protocol::Reply reply) { events_.emplace_back(std::move(reply)); }

  void plan() {
    events_.clear();
    if (const auto* hash = std::get_if<ampd::protocol::Hash>(&order_)) plan(*hash);
    if (std::holds_alternative<ampd::protocol::Inspect>(order_)) {
      ampd::protocol::Inspected inspected;
      inspected.space = world_.space;
      inspected.fingerprint = world_.fingerprint;
      say(inspected);
    }
    if (const auto* evaluate = std::get_if<ampd::protocol::Evaluate>(&order_)) plan(*evaluate);
    if (const auto* measure = std::get_if<ampd::protocol::Measure>(&order_)) {
      say(world_.latency(measure->precisions));
    }
  }

  void plan(const ampd::protocol::Hash& hash) {
    ampd::protocol::Hashed hashed;
    for (const auto& path : hash.paths) {
      const auto known = world_.digests.find(path.string());
      hashed.digests.push_back(known == world_.digests.end() ? path.filename().string()
                                                             : known->second);
    }
    say(hashed);
  }

  /// The configs of the checkpoint, or as many of the order's as this worker takes.
  std::size_t count_of(const ampd::protocol::Evaluate& evaluate) const {
    if (!evaluate.checkpoint) return std::min(evaluate.configs.size(), world_.configs_max);
    const nlohmann::json& sums = evaluate.checkpoint->at("sums");
    std::size_t count = 0;
    while (count < evaluate.configs.size() && sums.contains(text_of(evaluate.configs[count]))) {
      ++count;
    }
    REQUIRE(count > 0);
    return count;
  }

  void plan(const ampd::protocol::Evaluate& evaluate) {
    const std::size_t count = count_of(evaluate);
    std::int64_t batch = 0;
    std::vector<double> sums(count, 0);
    if (evaluate.checkpoint) {
      batch = evaluate.checkpoint->at("batch");
      for (std::size_t i = 0; i < count; ++i) {
        const nlohmann::json& sum =
            evaluate.checkpoint->at("sums").at(text_of(evaluate.configs[i]));
        sums[i] = sum.is_null() ? std::numeric_limits<double>::quiet_NaN() : sum.get<double>();
      }
    }
    while (batch < world_.batches) {
      nlohmann::json state{{"batch", batch + 1}, {"sums", nlohmann::json::object()}};
      for (std::size_t i = 0; i < count; ++i) {
        sums[i] += world_.accuracy(evaluate.configs[i], batch);
        state["sums"][text_of(evaluate.configs[i])] = sums[i];
      }
      ampd::protocol::Progress progress;
      progress.batches_done = ++batch;
      progress.batches = world_.batches;
      progress.accuracy = sums[0] / static_cast<double>(batch);
      progress.configs = static_cast<std::int64_t>(count);
      say(progress);
      say(ampd::protocol::Checkpoint{state});
    }
    ampd::protocol::Evaluated evaluated;
    for (const double sum : sums) {
      const double accuracy = sum / static_cast<double>(world_.batches);
      evaluated.verdicts.push_back({accuracy, 1000, 2000});
      const bool is_hopeless = evaluate.accuracy_needed && accuracy < *evaluate.accuracy_needed;
      if (is_hopeless) evaluated.verdicts.back().aborted_after = 200;
    }
    evaluated.fingerprint = world_.fingerprint;
    say(evaluated);
  }

  World& world_;
  ManualClock& clock_;
  ampd::protocol::Order order_;
  ampd::runner::Listener listener_;
  std::deque<ampd::runner::Event> events_;
  bool is_stopped_ = false;
};
