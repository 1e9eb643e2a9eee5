#include "tuning/winner.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace ampd::tuning {
namespace {

constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::max();

bool is_smaller(const Trial& a, const Trial& b) {
  const std::size_t a_low_ops = a.proposal.config.low_ops();
  const std::size_t b_low_ops = b.proposal.config.low_ops();
  return a_low_ops != b_low_ops ? a_low_ops > b_low_ops : a.proposal.seq < b.proposal.seq;
}

template <class Key>
void keep_least(std::vector<const Trial*>& trials, Key&& key) {
  const auto least = key(**std::ranges::min_element(
      trials, [&](const Trial* a, const Trial* b) { return key(*a) < key(*b); }));
  std::erase_if(trials, [&](const Trial* trial) { return key(*trial) != least; });
}

void keep_fastest(std::vector<const Trial*>& trials) {
  std::erase_if(trials, [](const Trial* trial) { return !trial->outcome.speedup; });
  const Trial* fastest = *std::ranges::max_element(trials, [](const Trial* a, const Trial* b) {
    return a->outcome.speedup->median < b->outcome.speedup->median;
  });
  std::erase_if(trials,
                [&](const Trial* trial) { return is_faster(fastest->outcome, trial->outcome); });
}

void keep_best(std::vector<const Trial*>& trials, Objective objective, bool higher_is_better) {
  switch (objective) {
    case Objective::accuracy:
      return keep_least(trials, [&](const Trial& trial) {
        return higher_is_better ? -trial.outcome.accuracy : trial.outcome.accuracy;
      });
    case Objective::performance:
      if (std::ranges::any_of(
              trials, [](const Trial* trial) { return trial->outcome.speedup.has_value(); })) {
        return keep_fastest(trials);
      }
      return keep_least(
          trials, [](const Trial& trial) { return trial.outcome.latency_ns.value_or(unknown); });
    case Objective::modelsize:
    case Objective::footprint:
      return keep_least(trials,
                        [&](const Trial& trial) { return bytes_of(trial.outcome, objective); });
  }
}

}  // namespace

std::optional<std::size_t> winner(std::span<const Trial> trials, const TuneSettings& settings) {
  const bool is_met = std::ranges::any_of(trials, &Trial::meets_goal);
  std::vector<const Trial*> candidates;
  for (const Trial& trial : trials) {
    const bool is_low = trial.proposal.config.low_ops() > 0;
    const bool is_done = trial.outcome.state == TrialState::done;
    if (is_done && is_low && trial.meets_goal == is_met) candidates.push_back(&trial);
  }
  if (candidates.empty()) return std::nullopt;
  keep_best(candidates, is_met ? settings.objective : Objective::accuracy,
            settings.criterion.higher_is_better);
  const Trial* best = *std::ranges::min_element(
      candidates, [](const Trial* a, const Trial* b) { return is_smaller(*a, *b); });
  return static_cast<std::size_t>(best - trials.data());
}

bool is_faster(const Outcome& a, const Outcome& b) {
  return a.speedup && b.speedup && a.speedup->low > b.speedup->high;
}

std::int64_t bytes_of(const Outcome& outcome, Objective objective) {
  const auto& bytes =
      objective == Objective::modelsize ? outcome.model_bytes : outcome.footprint_bytes;
  return bytes.value_or(unknown);
}

}  // namespace ampd::tuning
