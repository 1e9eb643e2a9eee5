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
std::string text_of(const ampd::protocol::Precisions& precisions);

class ScriptedRunner final : public ampd::runner::Runner {
 public:
  ScriptedRunner(World& world, ManualClock& clock) : world_(world), clock_(clock) {}

  void start(ampd::protocol::Order order, int /*threads*/,
             ampd::runner::Listener listener) override;

  void start(ampd::runner::Command command, ampd::runner::Listener listener) override;

  void stop() override { is_stopped_ = true; }

  void kill() override;

  bool is_running() const override { return listener_ != nullptr; }

  /// Delivers one callback. False: there was none.
  bool step();

  std::vector<ampd::runner::Command> commands;
  int kills = 0;

 private:
  static bool is_on_the_way(const ampd::runner::Event& event);

  ampd::runner::Event next_event();

  void say(ampd::protocol::Reply reply) { events_.emplace_back(std::move(reply)); }

  void plan();

  void plan(const ampd::protocol::Hash& hash);

  /// The configs of the checkpoint, or as many of the order's as this worker takes.
  std::size_t count_of(const ampd::protocol::Evaluate& evaluate) const;

  void plan(const ampd::protocol::Evaluate& evaluate);

  World& world_;
  ManualClock& clock_;
  ampd::protocol::Order order_;
  ampd::runner::Listener listener_;
  std::deque<ampd::runner::Event> events_;
  bool is_stopped_ = false;
};
