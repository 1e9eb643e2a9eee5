#include "store/reader.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::Outcome;
using ampd::store::EventKind;
using ampd::store::JobDefinition;
using ampd::store::JobState;
using ampd::store::Row;
using ampd::store::Rows;
using ampd::tuning::Proposal;
using ampd::tuning::Stage;

namespace {

std::vector<std::string> keys_of(const Row& row) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) keys.push_back(key);
  return keys;
}

std::vector<Row> column(const Rows& rows, const std::string& key) {
  std::vector<Row> values;
  for (const Row& row : rows) values.push_back(row.at(key));
  return values;
}

/// A job that tries everything: the goal lies above the baseline.
JobDefinition unmeetable(StoreFixture& fixture, std::size_t op_count) {
  JobDefinition definition = fixture.definition("job", op_count);
  definition.job.settings.criterion.relative = false;
  definition.job.settings.criterion.tolerance = -0.5;
  return definition;
}

void check_ranking(StoreFixture& fixture, std::int64_t job) {
  const auto expected = fixture.history(job).search.ranking();
  const Rows rows = fixture.store().reader().rankings(job);
  REQUIRE(rows.size() == expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].at("rank") == i + 1);
    CHECK(rows[i].at("op") == "op" + std::to_string(expected[i].op));
    CHECK(rows[i].at("accuracy").is_null() != expected[i].accuracy.has_value());
    CHECK(rows[i].at("impact").is_null() != expected[i].impact.has_value());
    if (expected[i].accuracy) CHECK(rows[i].at("accuracy") == *expected[i].accuracy);
    if (expected[i].impact) CHECK(rows[i].at("impact") == *expected[i].impact);
  }
}

}  // namespace

TEST_CASE("views have the columns that people rely on, in their order") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.run(job);
  const ampd::store::Reader& reader = fixture.store().reader();
  using Keys = std::vector<std::string>;
  CHECK(keys_of(reader.job(job)) == Keys{"id", "name", "state", "stage", "goal_met", "trials_done",
                                         "baseline_accuracy", "best_accuracy", "best_seq",
                                         "speedup", "submitted_at", "started_at", "finished_at",
                                         "model", "error"});
  CHECK(keys_of(reader.trials(job).front()) ==
        Keys{"job", "seq", "stage", "state", "accuracy", "delta", "meets_goal", "latency_ms",
             "low_ops", "fp32_ops", "attempts", "reused_from", "started_at", "finished_at",
             "seconds", "config_digest", "reason", "op", "reused_job"});
  CHECK(keys_of(reader.trial_ops(job, 0).front()) == Keys{"job", "seq", "op", "op_type", "dtype"});
  CHECK(keys_of(reader.rankings(job).front()) ==
        Keys{"job", "rank", "op", "op_type", "accuracy", "impact"});
  CHECK(keys_of(reader.resumes(job).front()) == Keys{"job", "key", "value"});
  CHECK(keys_of(reader.events(job).front()) == Keys{"id", "at", "job", "level", "kind", "message"});
}

TEST_CASE("a job shows how far it is at every moment") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  const auto show = [&](const std::string& key) {
    return fixture.store().reader().job(job).at(key);
  };
  CHECK(show("state") == "queued");
  CHECK(show("stage").is_null());
  CHECK(show("goal_met").is_null());
  CHECK(show("trials_done") == 0);
  CHECK(show("submitted_at") == "2026-01-01T00:00:00.000Z");
  CHECK(show("started_at").is_null());
  CHECK(show("model") == "/models/job.onnx");

  fixture.clock().advance(std::chrono::milliseconds(1234));
  fixture.store().set_state(job, JobState::running, "", {EventKind::started, "the job runs"});
  CHECK(show("started_at") == "2026-01-01T00:00:01.234Z");
  fixture.propose(job, fixture.history(job));
  CHECK(show("stage") == "baseline");
  fixture.run(job, accuracy_by_ops, 2);
  CHECK(show("stage") == "model_wise");
  CHECK(show("goal_met") == 0);
  CHECK(show("baseline_accuracy") == 0.9);
  CHECK(show("best_seq") == 1);
  CHECK(show("trials_done") == 2);
  CHECK(show("speedup").is_null());

  fixture.store().add_measurement(job, 1, {{1'500'000, 1, 2}, {3'000'000, 3, 4}},
                                  {EventKind::measured, "1.5 ms"});
  CHECK(show("speedup") == 2.0);
  const Rows trials = fixture.store().reader().trials(job);
  CHECK(trials[1].at("latency_ms") == 1.5);
  CHECK(trials[0].at("latency_ms") == 3.0);

  fixture.store().set_state(job, JobState::paused, "the disk is full", {EventKind::paused, ""});
  CHECK(show("error") == "the disk is full");
  fixture.store().finish(job, JobState::done, "", "only fp32 meets the goal",
                         {EventKind::finished, "done"});
  CHECK(show("state") == "done");
  CHECK(show("error").is_null());
  CHECK(show("finished_at").is_string());
  CHECK(fixture.store().reader().record(job).message == "only fp32 meets the goal");
}

TEST_CASE("the goal counts as met when the best trial meets it") {
  StoreFixture fixture;
  JobDefinition definition = fixture.definition("job");
  definition.job.settings.criterion.tolerance = 0.05;
  const std::int64_t job = fixture.add(definition);
  fixture.run(job);
  const Row row = fixture.store().reader().job(job);
  CHECK(row.at("goal_met") == 1);
  CHECK(row.at("best_accuracy") == row.at("best_accuracy"));
  CHECK(fixture.store().reader().trials(job).back().at("meets_goal") == 1);
}

TEST_CASE("trials show accuracy, what it lost, and how many operators are low") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add(unmeetable(fixture, 2));
  fixture.run(job, [](const Proposal& proposal) {
    return proposal.seq == 2 ? failed("the worker died") : accuracy_by_ops(proposal);
  });
  const Rows trials = fixture.store().reader().trials(job);
  using Values = std::vector<Row>;
  CHECK(column(trials, "stage") ==
        Values{"baseline", "model_wise", "fallback", "fallback", "incremental"});
  CHECK(column(trials, "state") == Values{"done", "done", "failed", "done", "done"});
  CHECK(column(trials, "low_ops") == Values{0, 2, 1, 1, 0});
  CHECK(column(trials, "fp32_ops") == Values{2, 0, 1, 1, 2});
  CHECK(column(trials, "reused_from") == Values{nullptr, nullptr, nullptr, nullptr, 0});
  CHECK(column(trials, "seconds") == Values{0.5, 0.5, 0.0, 0.5, 0.0});
  CHECK(trials[2].at("accuracy").is_null());
  CHECK(trials[2].at("delta").is_null());
  CHECK(trials[1].at("delta") == (0.9 - 0.01 - 0.02) - 0.9);
  CHECK(trials[0].at("config_digest").get<std::string>().size() == 64);
  CHECK(trials[0].at("config_digest") == trials[4].at("config_digest"));
  const Rows ops = fixture.store().reader().trial_ops(job, 3);
  CHECK(column(ops, "op") == Values{"op0", "op1"});
  CHECK(column(ops, "op_type") == Values{"Conv", "Gemm"});
  CHECK(column(ops, "dtype") == Values{"fp32", "bf16"});
}

TEST_CASE("each precision has its name in trial_ops") {
  StoreFixture fixture;
  JobDefinition definition = fixture.definition("job", 4);
  for (std::size_t i = 1; i < 4; ++i) {
    definition.space.ops[i].precisions.push_back(ampd::all_precisions[i]);
    definition.space.ops[i].pinned = ampd::all_precisions[i];
  }
  const std::int64_t job = fixture.add(definition);
  fixture.run(job, accuracy_by_ops, 2);
  const Rows ops = fixture.store().reader().trial_ops(job, 1);
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(ops[i].at("dtype") == std::string(to_string(ampd::all_precisions[i])));
  }
  const auto history = fixture.history(job);
  CHECK(fixture.store().reader().config(job, 1) == history.search.trials()[1].proposal.config);
}

TEST_CASE("an infinite accuracy is a word in JSON") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add(unmeetable(fixture, 2));
  fixture.run(job, [](const Proposal& proposal) {
    const double infinity = std::numeric_limits<double>::infinity();
    return done(proposal.seq == 0 ? 0.5 : -infinity);
  });
  CHECK(fixture.store().reader().trials(job)[1].at("accuracy") == "-inf");
}

TEST_CASE("rankings are those of the search, as far as it has come") {
  const std::vector<std::vector<double>> tables{
      {0.9, 0.5, 0.6, 0.7, 0.8}, {0.9, 0.5, 0.8, 0.7, 0.6}, {0.9, 0.5, 0.6, 0.6, 0.6},
      {0.9, 0.5, -1, 0.6, 0.7},  {0.9, -1, 0.6, 0.7, 0.8},  {0.9, 0.5, -1, -1, 0.5},
      {0.0, 0.0, 0.0, 0.0, 0.0}};
  for (const bool higher_is_better : {true, false}) {
    for (const auto& table : tables) {
      StoreFixture fixture;
      JobDefinition definition = fixture.definition("job", 3);
      definition.job.settings.criterion.higher_is_better = higher_is_better;
      definition.job.settings.exit_policy.timeout_seconds = 1e9;
      const std::int64_t job = fixture.add(definition);
      for (std::size_t count = 0; count < 7; ++count) {
        CAPTURE(count);
        check_ranking(fixture, job);
        fixture.run(
            job,
            [&](const Proposal& proposal) {
              const double accuracy = table[static_cast<std::size_t>(proposal.seq) % 5];
              return accuracy < 0 ? failed("it died") : done(accuracy);
            },
            1);
      }
    }
  }
}

TEST_CASE("the dicts of a search are rows") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.run(job, accuracy_by_ops, 4);
  fixture.propose(job, fixture.history(job));
  std::map<std::string, Row> values;
  for (const Row& row : fixture.store().reader().resumes(job)) {
    values[row.at("key")] = row.at("value");
  }
  CHECK(values.at("stage") == "fallback");
  CHECK(values.at("strategy_version") == std::to_string(ampd::tuning::strategy_version));
  CHECK(values.at("epoch") == "1");
  CHECK(values.at("fingerprint") == "cpu 1");
  CHECK(values.at("best_seq") == "2");
  CHECK(std::stod(values.at("best_accuracy").get<std::string>()) ==
        fixture.store().reader().job(job).at("best_accuracy"));
  CHECK(values.at("ranking") == R"(["op2","op1"])");
  CHECK(values.at("seconds_used") == "2.0");
}

TEST_CASE("long lists come in pages, from either end") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add(unmeetable(fixture, 6));
  fixture.run(job);
  const ampd::store::Reader& reader = fixture.store().reader();
  using Values = std::vector<Row>;
  CHECK(column(reader.trials(job, {.after = 2, .limit = 2}), "seq") == Values{3, 4});
  CHECK(column(reader.trials(job, {.limit = 3, .last = true}), "seq") == Values{10, 11, 12});
  CHECK(column(reader.trials(job, {.after = 11, .limit = 3, .last = true}), "seq") == Values{12});
  const std::int64_t other = fixture.add("other");
  CHECK(column(reader.events(std::nullopt, {.limit = 1, .last = true}), "job") == Values{other});
  CHECK(reader.events(job).size() == 14);
  CHECK(column(reader.jobs(), "name") == Values{"job", "other"});
}

TEST_CASE("a job is found by id, else by name, the newest of that name first") {
  StoreFixture fixture;
  const std::int64_t first = fixture.add("net");
  const std::int64_t second = fixture.add("net");
  const std::int64_t third = fixture.add("1");
  const ampd::store::Reader& reader = fixture.store().reader();
  CHECK(reader.find("net") == second);
  CHECK(reader.find(std::to_string(first)) == first);
  CHECK(reader.find("1") == first);
  CHECK(reader.find("3") == third);
  const auto [code, sentence] = error_of([&] { reader.find("nett"); });
  CHECK(code == ErrorCode::not_found);
  CHECK(sentence.find("\"nett\"") != std::string::npos);
  CHECK(error_of([&] { reader.job(9); }).first == ErrorCode::not_found);
  CHECK(error_of([&] { reader.config(first, 0); }).first == ErrorCode::not_found);
}

TEST_CASE("a job is found again by what decides its result") {
  StoreFixture fixture;
  const JobDefinition definition = fixture.definition("net");
  const std::int64_t job = fixture.add(definition);
  const ampd::store::Reader& reader = fixture.store().reader();
  const auto found = [&](const JobDefinition& other) {
    return reader.find_identity(identity(other.job, other.model_digest, other.inputs));
  };
  CHECK(found(definition) == job);
  JobDefinition other = definition;
  other.inputs[0].digest[0] = 'b';
  CHECK_FALSE(found(other).has_value());
  other = definition;
  other.job.seed = 3;
  CHECK_FALSE(found(other).has_value());
  other = definition;
  other.model_digest = "b";
  CHECK_FALSE(found(other).has_value());
}
