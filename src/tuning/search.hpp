// The search for the lowest precision per operator: a pure function of space, settings and
// outcomes.
//
// Four stages: the fp32 baseline; all free ops in the target precision (model_wise); one op at a
// time back in fp32, last op first, which ranks the ops (fallback); the first two, three, ... ops
// of the ranking in fp32 together (incremental). Source: AutoMixedPrecisionTuneStrategy of Intel
// Neural Compressor 1.14. A fifth, where it is asked for and a config meets the goal: from the best
// such config on, one op at a time (refine; tuning/refinement.hpp).
//
// There is no clock, file, thread or random number here. Folding the same outcomes in the same
// order through a new Search gives the same proposals: that is what an interrupted job relies on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ampd/outcome.hpp"
#include "ampd/settings.hpp"
#include "ampd/trial.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"
#include "tuning/refinement.hpp"

namespace ampd::tuning {

/// Raised when the same outcomes can lead to other proposals.
inline constexpr int strategy_version = 1;

class Search {
 public:
  /// Throws Error(unsupported) when no op of the space is free or pinned low: nothing to tune.
  /// Throws Error(invalid) for two ops of one name or a pin to a precision that is not offered.
  Search(TuningSpace space, TuneSettings settings);

  /// The next trial, or nothing when the search has ended. Stable until `record` is called.
  std::optional<Proposal> next() const;

  /// The next `count` proposals if no outcome ends or turns the search: the first is next(); later
  /// ones may never be proposed, and an op order not yet known ends the list.
  std::vector<Proposal> upcoming(std::size_t count) const;

  /// Hands over the outcome of next(). For a reused proposal it must be the earlier trial's own.
  /// An accuracy that is not a number is the caller's bug: its trial is `invalid`.
  void record(Outcome outcome);

  /// Ends the search before its next trial because `exit_policy.timeout_seconds` of execution, of
  /// which there are more than 0, ran out inside it. The history up to here stays as it is.
  void stop_for_timeout();

  std::optional<StopReason> stop_reason() const;
  Stage stage() const;  // of next(), or of the last trial when ended
  const std::vector<Trial>& trials() const { return trials_; }
  std::optional<double> baseline_accuracy() const;
  std::optional<double> target_accuracy() const;

  /// What an evaluation of next() and of all further trials of its stage must be able to reach to
  /// matter: a trial that cannot may be aborted, and the search ends as if it had not been. None
  /// where every accuracy counts, as in the stages that the ranking is made of. Depends on the
  /// outcomes of earlier stages alone.
  std::optional<double> accuracy_needed() const;

  /// Whether the outcome, one of a trial to come, would meet the goal.
  bool meets_goal(const TuneConfig& config, const Outcome& outcome) const;

  /// Whether what comes next would depend on it: the search ends or refines from there on.
  bool turns_with(const TuneConfig& config, const Outcome& outcome) const;

  /// The best trial so far; none before a trial with a low-precision op is done. Where a stage
  /// refines, what it has come to; else among those that meet the goal the objective's winner, or,
  /// if none does, the best accuracy; ties: more low ops, smaller seq.
  std::optional<std::int64_t> best_seq() const;

  /// Whether a trial meets the goal; none before the baseline is done.
  std::optional<bool> goal_met() const;

  /// Ops in the order in which they hurt: best accuracy after fallback first, equal ones last op
  /// first, failed ones last. Holds the ops tried so far.
  std::vector<RankedOp> ranking() const;

  /// Trials of a search that neither its goal nor its exit policy ends, the baseline included.
  /// While it refines: as many as there are if none of those that come next is an improvement.
  std::int64_t trials_at_most() const;

  /// Of execution, over all trials; what exit_policy.timeout_seconds limits.
  double seconds_used() const;

  const TuningSpace& space() const { return space_; }
  const TuneSettings& settings() const { return settings_; }

 private:
  /// Trial `seq`, the ops' order being known; `ahead` are the proposals after the last trial.
  Proposal propose(std::int64_t seq, const std::vector<Proposal>& ahead) const;
  TuneConfig config_of(std::int64_t seq) const;
  Stage stage_of(std::int64_t seq) const;
  std::int64_t trial_count() const { return static_cast<std::int64_t>(trials_.size()); }
  std::int64_t ranked_trials_at_most() const;
  std::int64_t first_incremental_seq() const;
  void refine();

  TuningSpace space_;
  TuneSettings settings_;
  std::vector<std::size_t> free_ops_;  // indices into the space, ascending
  std::vector<Trial> trials_;
  bool timed_out_ = false;

  std::optional<Refinement> refinement_;  // from the end of the other stages on
  std::int64_t first_refine_seq_ = 0;
  std::size_t refined_from_ = 0;
};

}  // namespace ampd::tuning
