#include "job/tuning_reader.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "job/catalogue.hpp"
#include "job/key.hpp"
#include "job/nearest.hpp"
#include "job/scalar.hpp"

namespace ampd::job {
namespace {

constexpr std::int64_t count_max = 1'000'000'000;
constexpr double seconds_max = 1e9;

const std::vector<std::string> own_strategies{"auto_mixed_precision", "automixedprecision"};
const std::vector<std::string> other_strategies{"basic",   "bayesian", "conservative", "exhaustive",
                                                "hawq_v2", "mse",      "mse_v2",       "random",
                                                "sigopt",  "tpe"};

const std::vector<std::string> objectives{"performance", "modelsize", "footprint", "accuracy"};

void read_strategy(const Section& strategy, Job& job) {
  job.settings.refine = strategy.boolean("refine").value_or(false);
  job.settings.early_abort = strategy.boolean("early_abort").value_or(true);
  job.shares_results = strategy.boolean("share_results").value_or(false);
  const auto name = strategy.text("name");
  if (!name || std::ranges::count(own_strategies, *name) > 0) return;
  if (std::ranges::count(other_strategies, *name) > 0) {
    strategy.warning(
        ProblemCode::unsupported, "name",
        "tuning.strategy.name: " + *name + " is not offered; auto_mixed_precision runs",
        own_strategies.front());
    return;
  }
  const std::string meant = nearest(*name, other_strategies).empty()
                                ? own_strategies.front()
                                : nearest(*name, other_strategies);
  strategy.error(ProblemCode::invalid, "name",
                 "tuning.strategy.name: there is no strategy \"" + *name + "\"", meant);
}

/// A number or a percentage; the latter may stand in quotes.
std::optional<double> read_share(const Section& section, std::string_view name,
                                 std::string_view expected, double limit) {
  const Node* node = section.find(name);
  if (node == nullptr) return std::nullopt;
  const bool is_plain = node->is_scalar() && (!node->quoted || node->text.ends_with('%'));
  const auto share = is_plain ? parse_share(node->text) : std::nullopt;
  if (share && *share > -limit && *share < limit) return share;
  section.error(
      ProblemCode::invalid, name,
      join(section.path(), name) + " must be " + std::string(expected) + ", not " + describe(*node),
      "0.01");
  return std::nullopt;
}

/// Of the accuracy; nothing while its metric is unknown.
std::optional<bool> natural_direction(const Job& job) {
  const auto* evaluation = std::get_if<MetricEvaluation>(&job.evaluation);
  if (evaluation == nullptr) return true;
  if (evaluation->metric.name.empty()) return std::nullopt;
  return traits(evaluation->metric).higher_is_better;
}

void read_criterion(const Section& section, const Job& job, AccuracyCriterion& criterion) {
  const auto relative =
      read_share(section, "relative", "a number between -1 and 1, such as 0.01 or 1%", 1);
  const auto absolute = read_share(section, "absolute", "a number, such as 0.01 or 1%",
                                   std::numeric_limits<double>::infinity());
  if (section.find("relative") != nullptr && section.find("absolute") != nullptr) {
    section.error(ProblemCode::invalid, "absolute",
                  "tuning.accuracy_criterion takes relative or absolute, not both");
  }
  criterion.relative = section.find("absolute") == nullptr;
  criterion.tolerance =
      criterion.relative ? relative.value_or(criterion.tolerance) : absolute.value_or(0);
  const std::optional<bool> natural = natural_direction(job);
  criterion.higher_is_better = section.boolean("higher_is_better").value_or(natural.value_or(true));
  if (natural && criterion.higher_is_better != *natural) {
    section.warning(ProblemCode::invalid, "higher_is_better",
                    std::string("tuning.accuracy_criterion.higher_is_better contradicts the "
                                "accuracy, of which ") +
                        (*natural ? "higher" : "lower") + " values are better; it is followed",
                    "leave it out");
  }
}

void read_exit_policy(const Section& section, ExitPolicy& policy) {
  policy.timeout_seconds = section.number("timeout", 0, seconds_max).value_or(0);
  policy.max_trials = section.integer("max_trials", 1, count_max).value_or(policy.max_trials);
  policy.performance_only = section.boolean("performance_only").value_or(false);
}

}  // namespace

void read_tuning(const Section& tuning, Job& job) {
  read_strategy(tuning.section("strategy"), job);
  read_criterion(tuning.section("accuracy_criterion"), job, job.settings.criterion);
  read_exit_policy(tuning.section("exit_policy"), job.settings.exit_policy);
  if (const auto objective = tuning.choice("objective", objectives)) {
    job.settings.objective = parse_objective(*objective).value_or(job.settings.objective);
  }
  const auto seed = tuning.integer("random_seed", 0, std::numeric_limits<std::int64_t>::max());
  if (seed) job.seed = static_cast<std::uint64_t>(*seed);
}

}  // namespace ampd::job
