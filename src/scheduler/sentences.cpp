#include "scheduler/sentences.hpp"

#include "base/number_text.hpp"

namespace ampd::scheduler {
namespace {

using tuning::StopReason;

std::string milliseconds(std::int64_t nanoseconds) {
  return base::number_text(static_cast<double>(nanoseconds) / 1e6) + " ms";
}

std::string name_of(const tuning::Proposal& proposal, const TuningSpace& space) {
  std::string name =
      "trial " + std::to_string(proposal.seq) + " (" + std::string(to_string(proposal.stage));
  if (proposal.op) {
    name += ", " + space.ops[*proposal.op].name + " in ";
    name += to_string(proposal.config.precisions[*proposal.op]);
  }
  return name + ")";
}

std::string slowness_of(const Outcome& outcome) {
  if (!outcome.speedup || outcome.speedup->high >= 1) return "";
  return ", but at " + base::number_text(outcome.speedup->median) +
         " times the speed of fp32 on this machine: keep fp32 where speed is what counts";
}

std::string end_of(const tuning::Search& search, bool ended_early) {
  const std::optional<StopReason> reason = search.stop_reason();
  if (reason == StopReason::max_trials) return "max_trials ended the search";
  if (reason == StopReason::performance_only) return "the search was for performance only";
  if (reason == StopReason::timeout) return "the time-out ended the search";
  if (ended_early && search.settings().exit_policy.timeout_seconds > 0) {
    return "the search was ended early or by its time-out";
  }
  return ended_early ? "the search was ended early" : "every stage is done";
}

}  // namespace

store::Note trial_note(const tuning::Search& search,
                       const std::optional<store::TrialPlace>& shared_from) {
  const tuning::Trial& trial = search.trials().back();
  std::string message = name_of(trial.proposal, search.space());
  const TrialState state = trial.outcome.state;
  const bool is_done = state == TrialState::done;
  message += is_done ? ": accuracy " + base::number_text(trial.outcome.accuracy)
                     : " " + failure_of(trial.outcome);
  if (trial.proposal.reused_from) {
    message += ", as in trial " + std::to_string(*trial.proposal.reused_from);
  }
  if (shared_from) {
    message += ", as in trial " + std::to_string(shared_from->seq) + " of job " +
               std::to_string(shared_from->job);
  }
  return {store::EventKind::trial, message,
          is_done || state == TrialState::aborted ? store::EventLevel::info
                                                  : store::EventLevel::warning};
}

std::string failure_of(const Outcome& outcome) {
  if (outcome.state == TrialState::invalid) return "is invalid: " + outcome.reason;
  return std::string(to_string(outcome.state)) + ": " + outcome.reason;
}

store::Note measurement_note(std::int64_t seq, const store::Measurement& measurement) {
  return {store::EventKind::measured, "trial " + std::to_string(seq) + ": latency " +
                                          milliseconds(measurement.config.median_ns) + ", fp32 " +
                                          milliseconds(measurement.baseline.median_ns)};
}

std::string result_of(const tuning::Search& search, bool ended_early) {
  const std::optional<double> baseline = search.baseline_accuracy();
  if (!baseline) return "there is no baseline: " + end_of(search, ended_early);
  if (*search.goal_met()) {
    const auto best = static_cast<std::size_t>(search.best_seq().value());
    const tuning::Trial& trial = search.trials().at(best);
    return "trial " + std::to_string(best) + " meets the goal with accuracy " +
           base::number_text(trial.outcome.accuracy) + " and " +
           std::to_string(trial.proposal.config.low_ops()) + " of " +
           std::to_string(trial.proposal.config.precisions.size()) + " operators below fp32" +
           slowness_of(trial.outcome);
  }
  const bool is_exhausted = search.stop_reason() == StopReason::exhausted;
  if (is_exhausted && search.settings().criterion.is_met(*baseline, *baseline)) {
    return "only fp32 meets the goal";
  }
  return "no config meets the goal: " + end_of(search, ended_early);
}

}  // namespace ampd::scheduler
