// What the user asks of a search: the accuracy goal, the objective and when to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ampd {

/// The accuracy that a config must keep, measured from the fp32 baseline.
struct AccuracyCriterion {
  bool relative = true;
  double tolerance = 0.01;  // a share of |baseline| if relative; negative: better than the baseline
  bool higher_is_better = true;

  /// baseline - tolerance * |baseline| or baseline - tolerance; plus where lower is better.
  double target(double baseline) const;
  bool is_met(double accuracy, double baseline) const;
  /// Whether accuracy `a` is strictly better than `b`.
  bool is_better(double a, double b) const { return higher_is_better ? a > b : a < b; }

  bool operator==(const AccuracyCriterion&) const = default;
};

/// What distinguishes configs that meet the goal.
enum class Objective : std::uint8_t {
  performance,  // lowest measured latency
  modelsize,    // fewest bytes of weights
  footprint,    // lowest peak memory of an execution
  accuracy,     // best accuracy
};

std::string_view to_string(Objective objective);
std::optional<Objective> parse_objective(std::string_view word);

struct ExitPolicy {
  double timeout_seconds = 0;     // 0: end at the first config that meets the goal
  std::int64_t max_trials = 100;  // trials with seq >= 1, reused ones included
  bool performance_only = false;  // end after the model-wise trial, whatever its accuracy

  bool operator==(const ExitPolicy&) const = default;
};

struct TuneSettings {
  AccuracyCriterion criterion;
  Objective objective = Objective::performance;
  ExitPolicy exit_policy;
  bool refine = false;       // go on from the best config that meets the goal, operator by operator
  bool early_abort = false;  // end a trial when the samples left cannot make it matter

  bool operator==(const TuneSettings&) const = default;
};

}  // namespace ampd
