#include "evaluation/plan.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "ampd/error.hpp"
#include "evaluation/inspection.hpp"
#include "small_model.hpp"
#include "tuning/company.hpp"

using namespace ampd;
using namespace ampd::evaluation;

namespace {

bool lacks_bf16() {
  return !engine::missing_feature(Precision::bf16).empty();
}

/// A goal that fp32 itself would miss.
job::Job unmeetable(job::Job job) {
  job.settings.criterion = {false, -1000, job.settings.criterion.higher_is_better};
  return job;
}

/// Twelve operators, three batches.
job::Job digits() {
  job::Job job = unmeetable(job::read_job(AMPD_PROJECT_ROOT "/examples/digits/strict.yaml"));
  std::get<job::MetricEvaluation>(job.evaluation).batches_max = 3;
  return job;
}

std::shared_ptr<Model> model_of(const job::Job& job) {
  return std::make_shared<Model>(ModelSource{job.model_path, job.folder, "digits.onnx"});
}

/// By stage: trials, reused ones among them, passes.
using Counts = std::map<tuning::Stage, std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

Counts counts(const Plan& plan) {
  Counts counts;
  for (const Plan::Stage& stage : plan.stages) {
    counts[stage.stage] = {stage.trials, stage.reused, stage.passes};
  }
  return counts;
}

Outcome done(double accuracy) {
  Outcome outcome;
  outcome.state = TrialState::done;
  outcome.accuracy = accuracy;
  return outcome;
}

/// The search itself, every trial of it evaluated in full.
Counts searched(const job::Job& job, const PlanLimits& limits) {
  const auto model = model_of(job);
  Evaluator evaluator(model, job);
  TuningSpace space = tuning_space(*model->graph(evaluator.inputs().shapes()), job.target());
  job::apply_constraints(job, space);
  tuning::Search search(space, job.settings);
  Counts counts;
  std::vector<Evaluated> ready;
  while (const auto proposal = search.next()) {
    auto& [trials, reused, passes] = counts[proposal->stage];
    ++trials;
    if (proposal->reused_from) {
      ++reused;
      const auto earlier = static_cast<std::size_t>(*proposal->reused_from);
      search.record(Outcome(search.trials()[earlier].outcome));
      continue;
    }
    if (ready.empty()) {
      std::vector<Precisions> configs;
      for (const auto& each : tuning::next_company(search, limits.trials_max)) {
        Precisions& precisions = configs.emplace_back();
        for (std::size_t i = 0; i < space.ops.size(); ++i) {
          precisions[space.ops[i].name] = each.config.precisions[i];
        }
      }
      ready =
          *evaluator.evaluate(configs, {tuning::cost_max(search), limits.memory_bytes_max}, {}, {});
      ++passes;
    }
    search.record(done(ready.front().accuracy));
    ready.erase(ready.begin());
  }
  return counts;
}

Plan planned(const job::Job& job, const PlanLimits& limits = {}) {
  return *plan(model_of(job), job, limits);
}

}  // namespace

TEST_CASE("a plan has the trials and passes of the search") {
  if (lacks_bf16()) return;
  const job::Job job = digits();
  for (const PlanLimits& limits :
       {PlanLimits{}, PlanLimits{0, 1}, PlanLimits{0, 3}, PlanLimits{1, 64}}) {
    CAPTURE(limits.trials_max);
    Counts found = counts(planned(job, limits));
    Counts expected = searched(job, limits);
    CHECK(found[tuning::Stage::baseline] == expected[tuning::Stage::baseline]);
    CHECK(found[tuning::Stage::model_wise] == expected[tuning::Stage::model_wise]);
    CHECK(found[tuning::Stage::fallback] == expected[tuning::Stage::fallback]);
    const auto [trials, reused, passes] = found[tuning::Stage::incremental];
    CHECK(trials == std::get<0>(expected[tuning::Stage::incremental]));
    CHECK(reused == std::get<1>(expected[tuning::Stage::incremental]));
    const bool alone = limits.trials_max == 1 || limits.memory_bytes_max == 1;
    if (alone) CHECK(passes == trials - reused);
    if (!alone) CHECK(passes < trials);
  }
}

TEST_CASE("a plan has times for what it found, and the same trials and passes every time") {
  if (lacks_bf16()) return;
  const job::Job job = digits();
  const Plan first = planned(job);
  CHECK(first.is_timed);
  CHECK(first.batches == 3);
  CHECK(first.end == tuning::StopReason::exhausted);
  CHECK(first.memory_bytes > 1 << 20);
  CHECK(first.preparation_seconds > 0);
  for (const Plan::Stage& stage : first.stages) CHECK(stage.seconds > 0);
  CHECK(counts(planned(job)) == counts(first));
}

TEST_CASE("latency is in a plan where it is the objective") {
  if (lacks_bf16()) return;
  job::Job job = digits();
  job.settings.objective = Objective::performance;
  const double few = planned(job).latency_seconds;
  job.performance.rounds = 30'000;
  CHECK(few > 0);
  CHECK(planned(job).latency_seconds > 10 * few);
  job.settings.objective = Objective::accuracy;
  CHECK(planned(job).latency_seconds == 0);
}

TEST_CASE("a plan of a job that refines tells what its first round adds") {
  if (lacks_bf16()) return;
  job::Job job = digits();
  CHECK(planned(job).refine_trials == 0);
  job.settings.refine = true;
  const Plan found = planned(job);
  const auto fallback =
      std::ranges::find(found.stages, tuning::Stage::fallback, &Plan::Stage::stage);
  REQUIRE(fallback != found.stages.end());
  CHECK(found.refine_trials == fallback->trials);
  CHECK(found.refine_seconds >= fallback->seconds);
  job.settings.exit_policy.performance_only = true;
  CHECK(planned(job).refine_trials == 0);
}

TEST_CASE("what ends a search ends its plan") {
  if (lacks_bf16()) return;
  job::Job job = digits();
  job.settings.exit_policy.max_trials = 5;
  Plan found = planned(job);
  CHECK(found.end == tuning::StopReason::max_trials);
  CHECK(std::get<0>(counts(found)[tuning::Stage::fallback]) == 4);

  job.settings.exit_policy = {.performance_only = true};
  found = planned(job);
  CHECK(found.end == tuning::StopReason::performance_only);
  CHECK(found.stages.size() == 2);

  job.settings.exit_policy = {.timeout_seconds = 1e-9};
  found = planned(job);
  CHECK(found.end == tuning::StopReason::timeout);
  CHECK(found.stages.size() == 1);
  CHECK(found.stages.front().trials == 0);
  CHECK(found.stages.front().seconds == doctest::Approx(1e-9));

  job.settings.exit_policy = {.timeout_seconds = 1e6};
  CHECK(planned(job).end == tuning::StopReason::exhausted);
}

TEST_CASE("no goal is met in a plan, wherever it lies") {
  if (lacks_bf16()) return;
  for (const bool higher_is_better : {true, false}) {
    for (const auto& [relative, tolerance] : std::vector<std::pair<bool, double>>{
             {true, 0.01}, {true, 2}, {true, -3}, {false, 1e300}, {false, -5}}) {
      CAPTURE(tolerance);
      job::Job job = digits();
      std::get<job::MetricEvaluation>(job.evaluation).batches_max = 1;
      job.settings.criterion = {relative, tolerance, higher_is_better};
      const Plan found = planned(job, {0, 64});
      CHECK(found.end == tuning::StopReason::exhausted);
      CHECK(found.stages.size() == 4);
    }
  }
}

TEST_CASE("operators that a job pins are not searched in its plan") {
  if (lacks_bf16()) return;
  job::Job job = digits();
  job.constraints = {{job::Constraint::Scope::op, ".*blocks.*", {Precision::fp32}}};
  const auto whole = std::get<0>(counts(planned(digits()))[tuning::Stage::fallback]);
  const auto found = std::get<0>(counts(planned(job))[tuning::Stage::fallback]);
  CHECK(found < whole);
  CHECK(found > 0);
  job.constraints = {{job::Constraint::Scope::op, ".*", {Precision::fp32}}};
  CHECK_THROWS_AS(planned(job), Error);
}

TEST_CASE("a plan of a job whose accuracy comes from a command runs no command") {
  if (lacks_bf16()) return;
  job::Job job = digits();
  job.evaluation = job::CommandEvaluation{{"/no/such/command"}, 0};
  const Plan found = planned(job);
  CHECK(!found.is_timed);
  CHECK(found.batches == 0);
  for (const auto& [stage, count] : counts(found)) {
    const auto [trials, reused, passes] = count;
    CHECK(passes == trials - reused);
  }
}

TEST_CASE("a plan tells its progress in trials, and stops when asked") {
  if (lacks_bf16()) return;
  const job::Job job = digits();
  Observer observer;
  std::vector<Progress> told;
  observer.progress = [&](const Progress& now) { told.push_back(now); };
  observer.is_stopping = [&] { return told.size() >= 3; };
  CHECK(!plan(model_of(job), job, {}, observer));
  REQUIRE(told.size() == 3);
  CHECK(told[0].batches_done == 0);
  CHECK(told[1].batches_done == 1);
  CHECK(told[2].batches == 25);
}
