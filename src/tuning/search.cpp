#include "tuning/search.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "tuning/winner.hpp"

namespace ampd::tuning {
namespace {

constexpr std::int64_t first_fallback_seq = 2;

void check_ops(const TuningSpace& space) {
  std::set<std::string_view> names;
  for (const TunableOp& op : space.ops) {
    if (!names.insert(op.name).second) {
      throw Error(ErrorCode::invalid,
                  "the tuning space has two operators of the name \"" + op.name + "\"");
    }
    const auto& offered = op.precisions;
    if (op.pinned && *op.pinned != Precision::fp32 &&
        std::find(offered.begin(), offered.end(), *op.pinned) == offered.end()) {
      throw Error(ErrorCode::invalid, "the operator \"" + op.name + "\" is pinned to " +
                                          std::string(to_string(*op.pinned)) +
                                          ", in which it is not offered");
    }
  }
}

TuneConfig model_wise_config(const TuningSpace& space) {
  TuneConfig config = fp32_config(space);
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    if (space.is_free(i)) config.precisions[i] = space.target;
    if (space.ops[i].pinned) config.precisions[i] = *space.ops[i].pinned;
  }
  return config;
}

/// Equal outcomes must be equal bit by bit, so that no replay can differ.
Outcome normalised(Outcome outcome) {
  if (outcome.state != TrialState::done || outcome.accuracy == 0) outcome.accuracy = 0;
  AMPD_CHECK(!std::isnan(outcome.accuracy));
  AMPD_CHECK(outcome.seconds >= 0);
  return outcome;
}

std::optional<double> accuracy_of(const Outcome& outcome) {
  if (outcome.state != TrialState::done) return std::nullopt;
  return outcome.accuracy;
}

}  // namespace

Search::Search(TuningSpace space, TuneSettings settings)
    : space_(std::move(space)), settings_(settings) {
  check_ops(space_);
  for (std::size_t i = 0; i < space_.ops.size(); ++i) {
    if (space_.is_free(i)) free_ops_.push_back(i);
  }
  if (model_wise_config(space_).low_ops() == 0) {
    throw Error(ErrorCode::unsupported, "there is nothing to tune: no operator can take " +
                                            std::string(to_string(space_.target)) +
                                            " on this machine, or all are pinned to fp32");
  }
}

std::optional<Proposal> Search::next() const {
  std::vector<Proposal> proposals = upcoming(1);
  if (proposals.empty()) return std::nullopt;
  return std::move(proposals.front());
}

std::vector<Proposal> Search::upcoming(std::size_t count) const {
  std::vector<Proposal> proposals;
  if (stop_reason()) return proposals;
  const ExitPolicy& policy = settings_.exit_policy;
  std::int64_t end = 1 + std::clamp(policy.max_trials, std::int64_t{0}, trials_at_most() - 1);
  if (policy.performance_only) end = std::min(end, first_fallback_seq);
  if (stage() < Stage::incremental) end = std::min(end, first_incremental_seq());
  for (std::int64_t seq = trial_count(); seq < end && proposals.size() < count; ++seq) {
    proposals.push_back(propose(seq, proposals));
  }
  return proposals;
}

Proposal Search::propose(std::int64_t seq, const std::vector<Proposal>& ahead) const {
  Proposal proposal{seq, stage_of(seq), config_of(seq), {}, {}};
  if (proposal.stage == Stage::fallback) {
    proposal.op = free_ops_.rbegin()[seq - first_fallback_seq];
  } else if (proposal.stage == Stage::refine) {
    proposal.op = refinement_->next.at(static_cast<std::size_t>(seq - trial_count())).op;
  }
  const auto is_equal = [&](const Proposal& earlier) { return earlier.config == proposal.config; };
  const auto trial = std::ranges::find_if(trials_, is_equal, &Trial::proposal);
  if (trial != trials_.end()) {
    proposal.reused_from = trial->proposal.seq;
  } else if (const auto found = std::ranges::find_if(ahead, is_equal); found != ahead.end()) {
    proposal.reused_from = found->seq;
  }
  return proposal;
}

Stage Search::stage_of(std::int64_t seq) const {
  if (seq == 0) return Stage::baseline;
  if (refinement_ && seq >= first_refine_seq_) return Stage::refine;
  if (seq < first_fallback_seq) return Stage::model_wise;
  return seq < first_incremental_seq() ? Stage::fallback : Stage::incremental;
}

std::int64_t Search::first_incremental_seq() const {
  return first_fallback_seq + std::ssize(free_ops_);
}

TuneConfig Search::config_of(std::int64_t seq) const {
  if (seq == 0) return fp32_config(space_);
  const Stage stage = stage_of(seq);
  if (stage == Stage::refine) {
    return refinement_->next.at(static_cast<std::size_t>(seq - trial_count())).config;
  }
  TuneConfig config = model_wise_config(space_);
  if (stage == Stage::fallback) {
    config.precisions[free_ops_.rbegin()[seq - first_fallback_seq]] = Precision::fp32;
  } else if (stage == Stage::incremental) {
    const std::vector<RankedOp> order = ranking();
    const std::int64_t fp32_count = seq - first_incremental_seq() + 2;
    for (std::int64_t i = 0; i < fp32_count; ++i) {
      config.precisions[order.at(static_cast<std::size_t>(i)).op] = Precision::fp32;
    }
  }
  return config;
}

void Search::record(Outcome outcome) {
  std::optional<Proposal> proposal = next();
  AMPD_CHECK(proposal.has_value());
  outcome = normalised(std::move(outcome));
  if (proposal->reused_from) {
    AMPD_CHECK(outcome == trials_.at(static_cast<std::size_t>(*proposal->reused_from)).outcome);
  }
  const bool meets = meets_goal(proposal->config, outcome);
  trials_.push_back({std::move(*proposal), std::move(outcome), meets});
  if (settings_.refine) refine();
}

void Search::refine() {
  const ExitPolicy& policy = settings_.exit_policy;
  if (!refinement_) {
    const bool is_met_at_last = !(policy.timeout_seconds > 0) && trials_.back().meets_goal;
    const bool is_at_end = is_met_at_last || trial_count() >= ranked_trials_at_most();
    if (policy.performance_only || !is_at_end || !goal_met().value_or(false)) return;
    first_refine_seq_ = trial_count();
    refined_from_ = winner(trials_, settings_).value();
  }
  refinement_ =
      tuning::refine(space_, settings_, trials_, static_cast<std::size_t>(first_refine_seq_),
                     refined_from_, ranking());
}

void Search::stop_for_timeout() {
  AMPD_CHECK(settings_.exit_policy.timeout_seconds > 0);
  timed_out_ = true;
}

std::optional<StopReason> Search::stop_reason() const {
  const ExitPolicy& policy = settings_.exit_policy;
  if (!trials_.empty()) {
    if (!baseline_accuracy()) return StopReason::baseline_failed;
    const bool is_refining = refinement_ && !refinement_->next.empty();
    if (!is_refining) {
      if (!(policy.timeout_seconds > 0) && *goal_met()) return StopReason::goal_met;
      if (trial_count() >= trials_at_most()) return StopReason::exhausted;
    }
    if (policy.performance_only && trial_count() >= first_fallback_seq) {
      return StopReason::performance_only;
    }
    if (trial_count() > policy.max_trials) return StopReason::max_trials;
  }
  const bool is_used_up = policy.timeout_seconds > 0 && seconds_used() >= policy.timeout_seconds;
  if (timed_out_ || is_used_up) return StopReason::timeout;
  return std::nullopt;
}

Stage Search::stage() const {
  const std::int64_t last_seq = std::max(trial_count() - 1, std::int64_t{0});
  return stage_of(stop_reason() ? last_seq : trial_count());
}

std::optional<double> Search::baseline_accuracy() const {
  if (trials_.empty()) return std::nullopt;
  return accuracy_of(trials_.front().outcome);
}

std::optional<double> Search::target_accuracy() const {
  const std::optional<double> baseline = baseline_accuracy();
  if (!baseline) return std::nullopt;
  return settings_.criterion.target(*baseline);
}

std::optional<double> Search::accuracy_needed() const {
  const bool can_miss = !stop_reason() && stage() >= Stage::incremental;
  if (!settings_.early_abort || !can_miss) return std::nullopt;
  const std::optional<double> target = target_accuracy();
  if (stage() == Stage::refine) return target;
  const auto earlier = std::span(trials_).first(static_cast<std::size_t>(first_incremental_seq()));
  const std::optional<std::size_t> best = winner(earlier, settings_);
  if (!best) return std::nullopt;
  const Trial& trial = earlier[*best];
  if (trial.meets_goal || !settings_.criterion.is_better(*target, trial.outcome.accuracy)) {
    return target;
  }
  return trial.outcome.accuracy;
}

std::optional<std::int64_t> Search::best_seq() const {
  if (refinement_) return static_cast<std::int64_t>(refinement_->current);
  const std::optional<std::size_t> best = winner(trials_, settings_);
  return best ? std::optional(static_cast<std::int64_t>(*best)) : std::nullopt;
}

std::optional<bool> Search::goal_met() const {
  if (!baseline_accuracy()) return std::nullopt;
  return std::ranges::any_of(trials_, &Trial::meets_goal);
}

bool Search::meets_goal(const TuneConfig& config, const Outcome& outcome) const {
  const std::optional<double> accuracy = accuracy_of(outcome);
  const std::optional<double> baseline = baseline_accuracy();
  return accuracy && baseline && config.low_ops() > 0 &&
         settings_.criterion.is_met(*accuracy, *baseline);
}

bool Search::turns_with(const TuneConfig& config, const Outcome& outcome) const {
  const bool ends_at_goal = !(settings_.exit_policy.timeout_seconds > 0);
  return (ends_at_goal || stage() == Stage::refine) && meets_goal(config, outcome);
}

std::vector<RankedOp> Search::ranking() const {
  std::vector<RankedOp> ranked;
  if (trial_count() <= first_fallback_seq) return ranked;
  const std::optional<double> before = accuracy_of(trials_[1].outcome);
  for (const Trial& trial : trials_) {
    if (trial.proposal.stage != Stage::fallback) continue;
    RankedOp& op = ranked.emplace_back(*trial.proposal.op, accuracy_of(trial.outcome));
    if (!op.accuracy || !before) continue;
    const double gain =
        settings_.criterion.higher_is_better ? *op.accuracy - *before : *before - *op.accuracy;
    if (!std::isnan(gain)) op.impact = gain;
  }
  std::ranges::stable_sort(ranked, [&](const RankedOp& a, const RankedOp& b) {
    if (!a.accuracy || !b.accuracy) return a.accuracy.has_value() && !b.accuracy.has_value();
    return settings_.criterion.is_better(*a.accuracy, *b.accuracy);
  });
  return ranked;
}

std::int64_t Search::trials_at_most() const {
  return refinement_ ? trial_count() + std::ssize(refinement_->next) : ranked_trials_at_most();
}

std::int64_t Search::ranked_trials_at_most() const {
  return first_incremental_seq() + std::max(std::ssize(free_ops_) - 1, std::ptrdiff_t{0});
}

double Search::seconds_used() const {
  double seconds = 0;
  for (const Trial& trial : trials_) {
    if (!trial.proposal.reused_from) seconds += trial.outcome.seconds;
  }
  return seconds;
}

}  // namespace ampd::tuning
