#include "store/history.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::Outcome;
using ampd::tuning::Proposal;
using ampd::tuning::Trial;

namespace {

void tamper(StoreFixture& fixture, const std::string& sql) {
  SQLite::Database other(fixture.directory().database().string(), SQLite::OPEN_READWRITE);
  other.exec("PRAGMA ignore_check_constraints = ON; DROP TRIGGER IF EXISTS trial_is_never_changed");
  REQUIRE(other.exec(sql) > 0);
}

/// Every kind of outcome, with numbers that do not survive carelessness.
Outcome awkward(const Proposal& proposal) {
  const std::vector<double> accuracies{0.1 + 0.2, 5e-324, 1e308,
                                       -std::numeric_limits<double>::infinity(), 1.0 / 3};
  if (proposal.seq == 3) return failed("the worker was killed by signal 11");
  Outcome outcome = done(accuracies[static_cast<std::size_t>(proposal.seq) % accuracies.size()]);
  if (proposal.seq == 4) {
    outcome.state = ampd::TrialState::invalid;
    outcome.accuracy = 0;
    outcome.reason = "the accuracy is not a number";
  }
  outcome.seconds = 0.1 * static_cast<double>(proposal.seq + 1);
  if (proposal.seq == 2) outcome.latency_ns = 9'007'199'254'740'993;
  outcome.footprint_bytes = 77;
  return outcome;
}

}  // namespace

TEST_CASE("a history is read back bit for bit, at whatever trial it stopped") {
  StoreFixture whole;
  ampd::store::JobDefinition definition = whole.definition("job", 4);
  definition.job.settings.exit_policy.timeout_seconds = 1e9;
  const std::int64_t undisturbed = whole.add(definition);
  whole.run(undisturbed, awkward);
  const std::vector<Trial> expected = whole.history(undisturbed).search.trials();
  REQUIRE(expected.size() == 9);

  StoreFixture fixture;
  const std::int64_t job = fixture.add(definition);
  for (std::size_t count = 0; count <= expected.size(); ++count) {
    fixture.open();
    CHECK(fixture.history(job).search.trials() ==
          std::vector<Trial>(expected.begin(), expected.begin() + static_cast<int>(count)));
    fixture.run(job, awkward, 1);
  }
}

TEST_CASE("what was proposed without an outcome is known with its evaluation so far") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  CHECK_FALSE(fixture.history(job).pass.has_value());
  fixture.propose(job, fixture.history(job));
  ampd::store::Pass pass = *fixture.history(job).pass;
  pass.attempts = 2;
  pass.stalls = 1;
  pass.furthest_batch = 9;
  pass.batches_done = 7;
  pass.seconds = 0.1 + 0.2;
  pass.checkpoint = R"({"sums":[1]})";
  fixture.store().save_pass(job, pass);
  fixture.open();
  CHECK(fixture.history(job).pass == pass);
  ampd::store::History history = fixture.history(job);
  fixture.record(job, history, done(0.5));
  CHECK_FALSE(fixture.history(job).pass.has_value());
}

TEST_CASE("a trial that was altered is noticed before it is used, with job and seq") {
  const std::vector<std::string> changes{"stage = 'incremental'",
                                         "op = 0",
                                         "state = 'invalid', accuracy = NULL",
                                         "state = 'x'",
                                         "accuracy = accuracy + 1e-16",
                                         "accuracy = -0.89",
                                         "reason = 'r'",
                                         "meets_goal = 1 - meets_goal",
                                         "latency_ns = 1",
                                         "speedup = 2, speedup_low = 2, speedup_high = 2",
                                         "reused_job = 7",
                                         "model_bytes = 999",
                                         "footprint_bytes = 1",
                                         "seconds = 0.25",
                                         "attempts = 7",
                                         "reused_from = 0",
                                         "started_at = started_at + 1",
                                         "finished_at = finished_at + 1",
                                         "low_ops = 0",
                                         "epoch = 2",
                                         "precisions = x'666662'",
                                         "precisions = x'666678'",
                                         "precisions = x'6262'",
                                         "config_digest = zeroblob(32)",
                                         "chain = zeroblob(16)",
                                         "seq = 30"};
  for (const std::string& change : changes) {
    CAPTURE(change);
    StoreFixture fixture;
    const std::int64_t job = fixture.add("job");
    fixture.run(job, accuracy_by_ops, 4);
    CHECK_NOTHROW(fixture.history(job));
    tamper(fixture, "UPDATE trial SET " + change + " WHERE seq = 3");
    const auto [code, sentence] = error_of([&] { fixture.history(job); });
    CHECK(code == ErrorCode::corrupt);
    CHECK(sentence.find("job 1, trial 3") == 0);
  }
}

TEST_CASE("missing trials and a damaged checkpoint, definition or operator are noticed") {
  const std::vector<std::string> changes{
      "DELETE FROM trial WHERE seq = 1",
      "DELETE FROM trial WHERE seq = 3",
      "UPDATE pass SET seconds = 3",
      "UPDATE pass SET checkpoint = '{\"sum\":2}'",
      "UPDATE op SET name = 'op9' WHERE position = 1",
      "UPDATE op SET weight_count = 3 WHERE position = 1",
      "UPDATE op SET pinned = 'fp32' WHERE position = 1",
      "UPDATE op SET precisions = 'z' WHERE position = 1",
      "UPDATE job SET target = 'z'",
      "UPDATE input SET digest = 'b'",
      "UPDATE job SET model_digest = 'b'",
      "UPDATE job SET definition = replace(definition, '0.001', '0.002')",
      "UPDATE job SET definition = 'x'",
      "UPDATE job SET chain = digest"};
  for (const std::string& change : changes) {
    CAPTURE(change);
    StoreFixture fixture;
    const std::int64_t job = fixture.add("job");
    fixture.run(job, accuracy_by_ops, 4);
    fixture.propose(job, fixture.history(job));
    ampd::store::Pass pass = *fixture.history(job).pass;
    pass.checkpoint = R"({"sum":1})";
    fixture.store().save_pass(job, pass);
    tamper(fixture, change);
    const auto [code, sentence] = error_of([&] { fixture.history(job); });
    CHECK(code == ErrorCode::corrupt);
    CHECK(sentence.find("job 1") == 0);
  }
}

TEST_CASE("a search that goes another way than the stored history is a divergence") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.run(job, accuracy_by_ops, 3);

  SUBCASE("in the trial that was proposed") {
    fixture.propose(job, fixture.history(job));
    tamper(fixture, "UPDATE proposal SET config_digest = zeroblob(32)");
  }
  SUBCASE("in the strategy's version") {
    ampd::store::JobRecord record = fixture.store().reader().record(job);
    record.strategy_version = 2;
    const auto [code, sentence] = error_of([&] { fixture.store().history(record); });
    CHECK(code == ErrorCode::divergence);
    return;
  }
  SUBCASE("in a trial with its outcome") {
    ampd::store::JobRecord record = fixture.store().reader().record(job);
    record.definition.space.ops[2].pinned = ampd::Precision::fp32;
    const auto [code, sentence] = error_of([&] { fixture.store().history(record); });
    CHECK(code == ErrorCode::divergence);
    CHECK(sentence.find("job 1, trial 1") == 0);
    return;
  }
  const auto [code, sentence] = error_of([&] { fixture.history(job); });
  CHECK(code == ErrorCode::divergence);
  CHECK(sentence.find("job 1, trial 3") == 0);
}
