#include "ampd/settings.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "ampd/outcome.hpp"
#include "ampd/trial.hpp"

using namespace ampd;

TEST_CASE("the target stands below the baseline, or above it where lower is better") {
  struct Row {
    AccuracyCriterion criterion;
    double baseline;
    double target;
  };
  const std::vector<Row> rows{
      {{true, 0.25, true}, 8, 6},       {{true, 0.25, false}, 8, 10},
      {{false, 0.25, true}, 8, 7.75},   {{false, 0.25, false}, 8, 8.25},
      {{true, 0.25, true}, -8, -10},    {{true, 0.25, false}, -8, -6},
      {{false, 0.25, true}, -8, -8.25}, {{false, 0.25, false}, -8, -7.75},
      {{true, -0.25, true}, 8, 10},     {{false, -0.25, false}, 8, 7.75},
      {{true, 0.25, true}, 0, 0},       {{false, 0, true}, 8, 8},
  };
  for (const Row& row : rows) {
    CAPTURE(row.criterion.relative);
    CAPTURE(row.criterion.higher_is_better);
    CAPTURE(row.baseline);
    CHECK(row.criterion.target(row.baseline) == row.target);
    const double better = row.criterion.higher_is_better ? row.target + 1 : row.target - 1;
    const double worse = row.criterion.higher_is_better ? row.target - 1 : row.target + 1;
    CHECK(row.criterion.is_met(better, row.baseline));
    CHECK(row.criterion.is_met(row.target, row.baseline));
    CHECK_FALSE(row.criterion.is_met(worse, row.baseline));
    CHECK(row.criterion.is_better(better, worse));
    CHECK_FALSE(row.criterion.is_better(worse, better));
    CHECK_FALSE(row.criterion.is_better(better, better));
  }
}

TEST_CASE("one unit in the last place beyond the target is not met") {
  const AccuracyCriterion higher{true, 0.01, true};
  const double target = higher.target(0.8171);
  CHECK(higher.is_met(target, 0.8171));
  CHECK_FALSE(higher.is_met(std::nextafter(target, 0), 0.8171));
  const AccuracyCriterion lower{true, 0.01, false};
  CHECK_FALSE(lower.is_met(std::nextafter(lower.target(1.657), 2), 1.657));
}

TEST_CASE("every name is read back as what it was written from") {
  for (const Objective each :
       {Objective::performance, Objective::modelsize, Objective::footprint, Objective::accuracy}) {
    CHECK(parse_objective(to_string(each)) == each);
  }
  for (const TrialState each : {TrialState::done, TrialState::invalid, TrialState::failed}) {
    CHECK(parse_trial_state(to_string(each)) == each);
  }
  using tuning::Stage;
  for (const Stage each :
       {Stage::baseline, Stage::model_wise, Stage::fallback, Stage::incremental}) {
    CHECK(tuning::parse_stage(tuning::to_string(each)) == each);
  }
  CHECK_FALSE(parse_objective("speed").has_value());
  CHECK_FALSE(parse_trial_state("Done").has_value());
  CHECK_FALSE(tuning::parse_stage("").has_value());
}
