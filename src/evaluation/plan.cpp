#include "evaluation/plan.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "evaluation/evaluator.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/rehearsal.hpp"
#include "tuning/company.hpp"
#include "tuning/search.hpp"

namespace ampd::evaluation {
namespace {

using Clock = std::chrono::steady_clock;

TuningSpace constrained_space(Model& model, const job::Job& job) {
  const Shapes shapes = JobInputs(model, job).shapes();
  TuningSpace space = tuning_space(*model.graph(shapes), job.target());
  job::apply_constraints(job, space);
  return space;
}

Precisions precisions_of(const TuningSpace& space, const TuneConfig& config) {
  Precisions precisions;
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    precisions[space.ops[i].name] = config.precisions[i];
  }
  return precisions;
}

/// The numbers from 0 to count - 1 in an order that is the same on every machine.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 numbers(seed);
  for (std::size_t left = count; left > 1; --left) {
    std::swap(order[left - 1], order[numbers() % left]);
  }
  return order;
}

/// A search that is gone through without the outcomes that it will have.
class Walk {
 public:
  Walk(TuningSpace space, const job::Job& job)
      : search_(std::move(space), job.settings),
        order_(shuffled(search_.space().ops.size(), job.seed)) {}

  const tuning::Search& search() const { return search_; }
  std::vector<Plan::Stage> stages() const { return stages_; }

  /// The next trial that must be evaluated; on the way to it all that are reused.
  std::optional<tuning::Proposal> next() {
    std::optional<tuning::Proposal> proposal = search_.next();
    while (proposal && proposal->reused_from) {
      ++row(proposal->stage).trials;
      ++row(proposal->stage).reused;
      const auto earlier = static_cast<std::size_t>(*proposal->reused_from);
      search_.record(Outcome(search_.trials().at(earlier).outcome));
      proposal = search_.next();
    }
    return proposal;
  }

  /// The next trials, evaluated in one pass. A time-out that comes inside it leaves them out.
  void pass(std::int64_t configs, double seconds) {
    const double timeout_seconds = search_.settings().exit_policy.timeout_seconds;
    const double seconds_left = timeout_seconds - search_.seconds_used();
    Plan::Stage& stage = row(search_.stage());
    ++stage.passes;
    if (timeout_seconds > 0 && seconds > seconds_left) {
      stage.seconds += seconds_left;
      return search_.stop_for_timeout();
    }
    stage.seconds += seconds;
    for (std::int64_t i = 0; i < configs; ++i) {
      const std::optional<tuning::Proposal> proposal = next();
      if (!proposal) break;
      ++row(proposal->stage).trials;
      search_.record(outcome_of(*proposal, seconds / static_cast<double>(configs)));
    }
  }

 private:
  Plan::Stage& row(tuning::Stage stage) {
    const auto found = std::ranges::find(stages_, stage, &Plan::Stage::stage);
    if (found != stages_.end()) return *found;
    stages_.push_back({.stage = stage});
    return stages_.back();
  }

  /// Misses the goal: model-wise by as much as the goal leaves below the baseline, an operator's by
  /// more the later it is to stand in the ranking.
  Outcome outcome_of(const tuning::Proposal& proposal, double seconds) const {
    constexpr double baseline = 1;
    const AccuracyCriterion& criterion = search_.settings().criterion;
    const double target = criterion.target(baseline);
    const double step = 1 + std::abs(target);
    const std::size_t place = proposal.op ? order_.at(*proposal.op) : order_.size();
    const bool is_model_wise = proposal.stage == tuning::Stage::model_wise && target != baseline;
    const double miss =
        is_model_wise ? std::abs(baseline - target) : step * static_cast<double>(place + 1);
    Outcome outcome{.state = TrialState::done, .seconds = seconds};
    outcome.accuracy = criterion.higher_is_better ? target - miss : target + miss;
    if (proposal.stage == tuning::Stage::baseline) outcome.accuracy = baseline;
    return outcome;
  }

  tuning::Search search_;
  std::vector<std::size_t> order_;  // by operator, its place in the ranking
  std::vector<Plan::Stage> stages_;
};

/// Each operator changed once, as in the stage `fallback`, and measured where the goal is kept.
void add_refine(Plan& plan, const tuning::Search& search) {
  const TuneSettings& settings = search.settings();
  const auto fallback =
      std::ranges::find(plan.stages, tuning::Stage::fallback, &Plan::Stage::stage);
  if (!settings.refine || settings.exit_policy.performance_only || fallback == plan.stages.end()) {
    return;
  }
  plan.refine_trials = fallback->trials;
  plan.refine_seconds =
      fallback->seconds + static_cast<double>(fallback->trials) * plan.latency_seconds;
}

void tell(const tuning::Search& search, const Observer& observer) {
  const std::int64_t trials =
      std::min(search.trials_at_most(), search.settings().exit_policy.max_trials + 1);
  const std::int64_t done = std::ssize(search.trials());
  observer.tell({std::min(done, trials), trials, 0, {}});
}

}  // namespace

std::optional<Plan> plan(const std::shared_ptr<Model>& model, const job::Job& job,
                         const PlanLimits& limits, const Observer& observer) {
  const Clock::time_point started = Clock::now();
  Walk walk(constrained_space(*model, job), job);
  const tuning::Search& search = walk.search();
  Plan plan;
  plan.is_timed = std::holds_alternative<job::MetricEvaluation>(job.evaluation);
  std::optional<Evaluator> evaluator;
  if (plan.is_timed) {
    evaluator.emplace(model, job);
    plan.batches = evaluator->inputs().batch_count();
  }
  plan.preparation_seconds = std::chrono::duration<double>(Clock::now() - started).count();
  double pair_seconds = 0;  // one batch of the baseline and one of the first other config
  while (walk.next()) {
    if (observer.wants_stop()) return std::nullopt;
    tell(search, observer);
    std::optional<Rehearsal> pass{Rehearsal{}};
    if (plan.is_timed) {
      std::vector<Precisions> configs;
      for (const auto& each : tuning::next_company(search, limits.trials_max)) {
        configs.push_back(precisions_of(search.space(), each.config));
      }
      pass = rehearse(*evaluator, configs, {tuning::cost_max(search), limits.memory_bytes_max},
                      observer);
      if (!pass) return std::nullopt;
    }
    if (search.stage() <= tuning::Stage::model_wise) pair_seconds += pass->round_seconds;
    plan.memory_bytes = std::max(plan.memory_bytes, pass->memory_bytes);
    walk.pass(pass->configs, pass->seconds);
  }
  tell(search, observer);
  plan.stages = walk.stages();
  plan.end = search.stop_reason().value();
  if (job.settings.objective == Objective::performance && search.best_seq()) {
    plan.latency_seconds =
        pair_seconds * static_cast<double>(job.performance.warmup + job.performance.rounds);
  }
  add_refine(plan, search);
  return plan;
}

}  // namespace ampd::evaluation
