#include "tuning/refinement.hpp"

#include <algorithm>
#include <optional>

#include "tuning/winner.hpp"

namespace ampd::tuning {
namespace {

class Walk {
 public:
  Walk(const TuningSpace& space, const TuneSettings& settings, std::span<const Trial> trials,
       std::size_t first, std::size_t start)
      : space_(space), settings_(settings), trials_(trials), first_(first), start_(start) {}

  std::size_t current() const {
    std::size_t current = start_;
    for (std::size_t i = first_; i < trials_.size(); ++i) {
      if (is_taken(trials_[i], trials_[current])) current = i;
    }
    return current;
  }

  /// The fp32 ops of `config`, least harmful first, from behind the op that was changed last.
  std::vector<std::size_t> fp32_ops(const TuneConfig& config,
                                    const std::vector<RankedOp>& harm) const {
    std::vector<std::size_t> ops;
    for (auto ranked = harm.rbegin(); ranked != harm.rend(); ++ranked) ops.push_back(ranked->op);
    if (trials_.size() > first_) {
      const auto last = std::ranges::find(ops, *trials_.back().proposal.op);
      if (last != ops.end()) std::rotate(ops.begin(), last + 1, ops.end());
    }
    std::erase_if(ops, [&](std::size_t op) { return config.precisions[op] != Precision::fp32; });
    return ops;
  }

  /// The low-precision ops of `config` that may be freed of casts in fp32.
  std::vector<std::size_t> boundary_ops(const TuneConfig& config) const {
    std::vector<std::size_t> ops;
    if (settings_.objective != Objective::performance || config.low_ops() < 2) return ops;
    const auto is_fp32 = [&](std::size_t op) { return config.precisions[op] == Precision::fp32; };
    const std::size_t count = config.precisions.size();
    for (std::size_t op = 0; op < count; ++op) {
      const bool is_end = op == 0 || op + 1 == count || is_fp32(op - 1) || is_fp32(op + 1);
      if (space_.is_free(op) && !is_fp32(op) && is_end) ops.push_back(op);
    }
    return ops;
  }

  bool is_worth_trying(const TuneConfig& config) const {
    const auto stage = trials_.subspan(first_);
    const auto has_config = [&](const Trial& trial) { return trial.proposal.config == config; };
    if (has_config(trials_[start_]) || std::ranges::any_of(stage, has_config)) return false;
    const auto earlier = trials_.first(first_);
    const auto known = std::ranges::find_if(earlier, has_config);
    return known == earlier.end() || known->meets_goal;
  }

 private:
  bool is_taken(const Trial& trial, const Trial& before) const {
    if (!trial.meets_goal) return false;
    const bool is_lower = trial.proposal.config.low_ops() > before.proposal.config.low_ops();
    const Objective objective = settings_.objective;
    if (!is_lower) {
      return is_faster(trial.outcome, before.outcome) && trial.outcome.speedup->low > 1;
    }
    if (objective == Objective::modelsize || objective == Objective::footprint) {
      return bytes_of(trial.outcome, objective) <= bytes_of(before.outcome, objective);
    }
    const bool has_speed = before.outcome.speedup && before.outcome.speedup->low > 1;
    return objective != Objective::performance || !has_speed ||
           !is_faster(before.outcome, trial.outcome);
  }

  const TuningSpace& space_;
  const TuneSettings& settings_;
  std::span<const Trial> trials_;
  std::size_t first_;
  std::size_t start_;
};

}  // namespace

Refinement refine(const TuningSpace& space, const TuneSettings& settings,
                  std::span<const Trial> trials, std::size_t first, std::size_t start,
                  const std::vector<RankedOp>& harm) {
  const Walk walk(space, settings, trials, first, start);
  Refinement refinement{walk.current(), {}};
  const TuneConfig& config = trials[refinement.current].proposal.config;
  const auto add = [&](std::size_t op, Precision precision) {
    TuneConfig changed = config;
    changed.precisions[op] = precision;
    if (walk.is_worth_trying(changed)) refinement.next.push_back({op, std::move(changed)});
  };
  for (const std::size_t op : walk.fp32_ops(config, harm)) add(op, space.target);
  for (const std::size_t op : walk.boundary_ops(config)) add(op, Precision::fp32);
  return refinement;
}

}  // namespace ampd::tuning
