// A trial of the search: what was proposed, at which stage, and what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ampd/outcome.hpp"
#include "ampd/tune_config.hpp"

namespace ampd::tuning {

enum class Stage : std::uint8_t { baseline, model_wise, fallback, incremental, refine };

std::string_view to_string(Stage stage);
std::optional<Stage> parse_stage(std::string_view word);

/// One trial to be run.
struct Proposal {
  std::int64_t seq = 0;  // 0 is the baseline; without gaps
  Stage stage = Stage::baseline;
  TuneConfig config;
  std::optional<std::size_t> op;            // in `fallback` and `refine`: the op that is changed
  std::optional<std::int64_t> reused_from;  // evaluated before, as this trial: do not run it again

  bool operator==(const Proposal&) const = default;
};

/// A trial with its outcome.
struct Trial {
  Proposal proposal;
  Outcome outcome;
  bool meets_goal = false;  // done, in the goal, and with a low-precision op

  bool operator==(const Trial&) const = default;
};

/// Why a search has ended.
enum class StopReason : std::uint8_t {
  goal_met,   // timeout 0 and a config meets the goal
  exhausted,  // every stage is done
  max_trials,
  timeout,
  performance_only,  // the one trial it wants is done
  baseline_failed,   // there is nothing to measure the goal from
};

std::string_view to_string(StopReason reason);

/// An operator's place in the order in which operators hurt.
struct RankedOp {
  std::size_t op = 0;              // index into the space
  std::optional<double> accuracy;  // after its fallback alone; none if that trial was not done
  std::optional<double> impact;    // gained over the model-wise config, in the goal's direction

  bool operator==(const RankedOp&) const = default;
};

}  // namespace ampd::tuning
