// The search for the lowest precision per operator: a pure function of space, settings and
// outcomes.
//
// Four stages: the fp32 baseline; all free ops in the target precision (model_wise); one op at a
// time back in fp32, last op first, which ranks the ops (fallback); the first two, three, ... ops
// of the ranking in fp32 together (incremental). Source: AutoMixedPrecisionTuneStrategy of Intel
// Neural Compressor 1.14.
//
// There is no clock, file, thread or random number here. Folding the same outcomes in the same
// order through a new Search gives the same proposals: that is what an interrupted job relies on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ampd/outcome.hpp"
#include "ampd/settings.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd::tuning {

/// Raised when the same outcomes can lead to other proposals.
inline constexpr int strategy_version = 1;

enum class Stage : std::uint8_t { baseline, model_wise, fallback, incremental };

std::string_view to_string(Stage stage);
std::optional<Stage> parse_stage(std::string_view word);

/// One trial to be run.
struct Proposal {
  std::int64_t seq = 0;  // 0 is the baseline; without gaps
  Stage stage = Stage::baseline;
  TuneConfig config;
  std::optional<std::size_t> op;            // in `fallback`: the op that goes back to fp32
  std::optional<std::int64_t> reused_from;  // evaluated before, as this trial: do not run it again

  bool operator==(const Proposal&) const = default;
};

/// A trial with its outcome.
struct Trial {
  Proposal proposal;
  Outcome outcome;
  bool meets_goal = false;  // done, in the goal, and with a low-precision op
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

struct RankedOp {
  std::size_t op = 0;              // index into the space
  std::optional<double> accuracy;  // after its fallback alone; none if that trial was not done
  std::optional<double> impact;    // gained over the model-wise config, in the goal's direction
};

class Search {
 public:
  /// Throws Error(unsupported) when no op of the space is free or pinned low: nothing to tune.
  Search(TuningSpace space, TuneSettings settings);

  /// The next trial, or nothing when the search has ended. Stable until `record` is called.
  std::optional<Proposal> next() const;

  /// The next `count` proposals if no outcome ends or turns the search: the first is next(); later
  /// ones may never be proposed, and an op order not yet known ends the list.
  std::vector<Proposal> upcoming(std::size_t count) const;

  /// Hands over the outcome of next(). For a reused proposal it must be the earlier trial's own.
  void record(Outcome outcome);

  /// Ends the search before its next trial because `exit_policy.timeout_seconds` of execution are
  /// used. The history up to here stays as it is.
  void stop_for_timeout();

  std::optional<StopReason> stop_reason() const;
  Stage stage() const;  // of next(), or of the last trial when ended
  const std::vector<Trial>& trials() const { return trials_; }
  std::optional<double> baseline_accuracy() const;
  std::optional<double> target_accuracy() const;

  /// The best trial so far; none before a trial with a low-precision op is done. Among those that
  /// meet the goal the objective's winner, else the best accuracy; ties: more low ops, smaller seq.
  std::optional<std::int64_t> best_seq() const;

  /// Whether a trial meets the goal; none before the baseline is done.
  std::optional<bool> goal_met() const;

  /// Ops in the order in which they hurt: best accuracy after fallback first, equal ones last op
  /// first, failed ones last. Holds the ops tried so far.
  std::vector<RankedOp> ranking() const;

  /// Trials of a search that nothing stops early, the baseline included.
  std::int64_t trials_at_most() const;

  const TuningSpace& space() const { return space_; }
  const TuneSettings& settings() const { return settings_; }

 private:
  TuningSpace space_;
  TuneSettings settings_;
  std::vector<Trial> trials_;
  bool timed_out_ = false;
};

}  // namespace ampd::tuning
