#include "store/shared_outcomes.hpp"

#include <doctest/doctest.h>

#include "store/store_fixture.hpp"

using ampd::store::JobDefinition;
using ampd::store::JobRecord;

namespace {

JobDefinition sharing(StoreFixture& fixture, const std::string& name = "net") {
  JobDefinition definition = fixture.definition(name);
  definition.job.shares_results = true;
  return definition;
}

std::size_t shared_with(StoreFixture& fixture, const JobDefinition& definition) {
  const JobRecord record = fixture.store().reader().record(fixture.add(definition));
  return fixture.store().shared_outcomes(record).size();
}

}  // namespace

TEST_CASE("what another job with the same evaluation found out is shared, without its times") {
  StoreFixture fixture;
  const std::int64_t first = fixture.add(sharing(fixture));
  fixture.run(first, [](const auto& proposal) {
    ampd::Outcome outcome = accuracy_by_ops(proposal);
    outcome.latency_ns = 7;
    return outcome;
  });
  const auto trials = fixture.history(first).search.trials();
  const auto record = fixture.store().reader().record(fixture.add(sharing(fixture)));
  const auto shared = fixture.store().shared_outcomes(record);
  std::size_t own = 0;
  for (const ampd::tuning::Trial& trial : trials) {
    if (trial.proposal.reused_from) continue;
    ++own;
    const auto& found = shared.at(digest(record.definition.space, trial.proposal.config));
    CHECK(found.place == ampd::store::TrialPlace{first, trial.proposal.seq});
    CHECK(found.outcome.accuracy == trial.outcome.accuracy);
    CHECK(found.outcome.seconds == 0);
    CHECK_FALSE(found.outcome.latency_ns.has_value());
  }
  CHECK(shared.size() == own);
}

TEST_CASE("nothing is shared with another evaluation, another fingerprint, or unasked") {
  StoreFixture fixture;
  fixture.run(fixture.add(sharing(fixture)));
  CHECK(shared_with(fixture, sharing(fixture)) > 3);

  CHECK(shared_with(fixture, fixture.definition("net")) == 0);
  CHECK(shared_with(fixture, sharing(fixture, "other")) == 0);
  JobDefinition other_data = sharing(fixture);
  other_data.inputs.front().digest = std::string(64, 'b');
  CHECK(shared_with(fixture, other_data) == 0);
  JobDefinition other_metric = sharing(fixture);
  std::get<ampd::job::MetricEvaluation>(other_metric.job.evaluation).metric.parameters["k"] = 5;
  CHECK(shared_with(fixture, other_metric) == 0);
  JobDefinition command = sharing(fixture);
  command.job.evaluation = ampd::job::CommandEvaluation{{"./score.sh"}, 0};
  CHECK(shared_with(fixture, command) == 0);

  JobRecord elsewhere = fixture.store().reader().record(fixture.add(sharing(fixture)));
  elsewhere.fingerprint = "cpu 2";
  CHECK(fixture.store().shared_outcomes(elsewhere).empty());
}

TEST_CASE("a goal and a name of its own do not keep a job from sharing") {
  StoreFixture fixture;
  fixture.run(fixture.add(sharing(fixture)));
  JobDefinition definition = sharing(fixture);
  definition.job.name = "again";
  definition.job.settings.criterion.tolerance = 0.5;
  CHECK(shared_with(fixture, definition) > 3);
}
