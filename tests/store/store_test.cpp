#include "store/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::store::Event;
using ampd::store::EventKind;
using ampd::store::EventLevel;
using ampd::store::JobState;

TEST_CASE("a job is stored with all that decides its result") {
  StoreFixture fixture;
  ampd::store::JobDefinition definition = fixture.definition("job");
  definition.space.ops[1].pinned = ampd::Precision::bf16;
  definition.space.other_weight_count = 12;
  definition.owner_uid = 4'000'000'000;
  definition.job.threads = 3;
  const std::int64_t job = fixture.add(definition);
  fixture.open();
  const ampd::store::JobRecord record = fixture.store().reader().record(job);
  CHECK(record.definition.job == definition.job);
  CHECK(record.definition.space == definition.space);
  CHECK(record.definition.inputs == definition.inputs);
  CHECK(record.definition.job_file_digest == definition.job_file_digest);
  CHECK(record.definition.model_digest == definition.model_digest);
  CHECK(record.definition.owner_uid == definition.owner_uid);
  CHECK(record.fingerprint == "cpu 1");
  CHECK(record.strategy_version == ampd::tuning::strategy_version);
  CHECK(record.state == JobState::queued);
}

TEST_CASE("the running job comes before the queued ones, which keep their order") {
  StoreFixture fixture;
  const std::int64_t first = fixture.add("first");
  const std::int64_t second = fixture.add("second");
  const std::int64_t third = fixture.add("third");
  const ampd::store::Note note{EventKind::paused, "by a user"};
  ampd::store::Store& store = fixture.store();
  CHECK(store.queue() == std::vector{first, second, third});
  CHECK(store.next_in_queue() == first);
  store.set_state(third, JobState::running, "", note);
  CHECK(store.queue() == std::vector{third, first, second});
  CHECK(store.next_in_queue() == third);
  store.set_state(first, JobState::paused, "", note);
  CHECK(store.queue() == std::vector{third, second});
  CHECK(store.next_in_queue() == third);
  store.resume(first, false, note);
  CHECK(store.queue() == std::vector{third, second, first});
  CHECK(store.next_in_queue() == third);
  store.pause_for_space(second, "the disk is full", note);
  CHECK(store.waiting_for_space() == std::vector{second});
  store.resume(second, false, note);
  CHECK(store.waiting_for_space().empty());
  CHECK(store.queue() == std::vector{third, second, first});
  CHECK(store.next_in_queue() == third);
}

TEST_CASE("events are heard after they are stored, and are never changed") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  std::vector<Event> heard;
  fixture.store().listen([&](const Event& event) {
    CHECK(fixture.store().reader().events(job).back().at("id") == event.id);
    heard.push_back(event);
  });
  fixture.clock().advance(std::chrono::seconds(1));
  fixture.store().add_event(job, {EventKind::warning, "take care", EventLevel::warning});
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].job == job);
  const auto row = fixture.store().reader().events(job).back();
  CHECK(row.at("at") == "2026-01-01T00:00:01.000Z");
  CHECK(row.at("level") == "warning");
  CHECK(row.at("kind") == "warning");
  CHECK(row.at("message") == "take care");

  SQLite::Database other(fixture.directory().database().string(), SQLite::OPEN_READWRITE);
  CHECK_THROWS(other.exec("UPDATE event SET message = ''"));
  CHECK_THROWS(other.exec("DELETE FROM event"));
  fixture.run(job);
  CHECK_THROWS(other.exec("UPDATE trial SET accuracy = 1"));
}

TEST_CASE("a change that fails leaves nothing and tells nobody") {
  StoreFixture fixture;
  int heard = 0;
  fixture.store().listen([&](const Event&) { ++heard; });
  const ampd::store::Measurement measurement{};
  const auto [code, sentence] = error_of([&] {
    fixture.store().add_measurement(5, 1, measurement, {EventKind::measured, "of no job"});
  });
  CHECK(heard == 0);
  CHECK(fixture.store().reader().events(std::nullopt).empty());
}

TEST_CASE("an accepted fingerprint begins an epoch in which the open trial starts anew") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.run(job, accuracy_by_ops, 3);
  fixture.propose(job, fixture.history(job));
  fixture.store().resume(job, true, {EventKind::resumed, "by a user"});
  CHECK(fixture.store().reader().record(job).accepts_fingerprint);
  fixture.store().start_epoch(job, "cpu 2", {EventKind::epoch, "cpu 2 was accepted"});
  const ampd::store::JobRecord record = fixture.store().reader().record(job);
  CHECK(record.epoch == 2);
  CHECK(record.fingerprint == "cpu 2");
  CHECK_FALSE(record.accepts_fingerprint);
  const ampd::store::History history = fixture.history(job);
  CHECK(history.search.trials().size() == 3);
  CHECK_FALSE(history.pass.has_value());
}

TEST_CASE("a job that ends early proposes nothing more") {
  StoreFixture fixture;
  const std::int64_t job = fixture.add("job");
  fixture.run(job, accuracy_by_ops, 2);
  fixture.propose(job, fixture.history(job));
  fixture.store().end_early(job, {EventKind::warning, "the time is up"});
  CHECK(fixture.store().reader().record(job).ended_early);
  CHECK_FALSE(fixture.history(job).pass.has_value());
  CHECK(fixture.store().reader().job(job).at("stage") == "model_wise");
}

TEST_CASE("retrying forgets a failed baseline and keeps a cancelled job's trials") {
  StoreFixture fixture;
  const ampd::store::Note note{EventKind::retried, "by a user"};
  const std::int64_t broken = fixture.add("broken");
  fixture.run(broken, [](const auto&) { return failed("the data is gone"); });
  fixture.store().finish(broken, JobState::failed, "the data is gone", "", note);
  CHECK(fixture.store().reader().job(broken).at("error") == "the data is gone");
  fixture.store().retry(broken, note);
  CHECK(fixture.history(broken).search.trials().empty());
  const auto row = fixture.store().reader().job(broken);
  CHECK(row.at("state") == "queued");
  CHECK(row.at("error").is_null());
  CHECK(row.at("finished_at").is_null());
  fixture.run(broken);

  const std::int64_t cancelled = fixture.add("cancelled");
  fixture.run(cancelled, accuracy_by_ops, 3);
  fixture.store().set_state(cancelled, JobState::cancelled, "", note);
  fixture.store().retry(cancelled, note);
  CHECK(fixture.history(cancelled).search.trials().size() == 3);
}

TEST_CASE("a removed job leaves its events and what other jobs need") {
  StoreFixture fixture;
  const auto definition = fixture.definition("net");
  const std::int64_t first = fixture.add(definition);
  const std::int64_t second = fixture.add(definition);
  fixture.run(first);
  std::filesystem::create_directory(fixture.directory().job(first));
  const ampd::store::Note note{EventKind::removed, "by a user"};
  fixture.store().remove(first, note);
  const ampd::store::Reader& reader = fixture.store().reader();
  CHECK(error_of([&] { reader.job(first); }).first == ErrorCode::not_found);
  CHECK(reader.trials(first).empty());
  CHECK(reader.events(first).back().at("kind") == "removed");
  CHECK(fixture.store().blobs().contains(definition.model_digest));
  CHECK_FALSE(std::filesystem::exists(fixture.directory().job(first)));
  fixture.store().remove(second, note);
  CHECK_FALSE(fixture.store().blobs().contains(definition.model_digest));
  CHECK(fixture.add("next") == 3);
}

TEST_CASE("a job that this version does not understand is named and does no harm to others") {
  StoreFixture fixture;
  ampd::store::JobDefinition definition = fixture.definition("old");
  definition.job.evaluation = ampd::job::MetricEvaluation{};
  const std::int64_t job = fixture.add(definition);
  const auto [code, sentence] = error_of([&] { fixture.store().reader().record(job); });
  CHECK(code == ErrorCode::unsupported);
  CHECK(sentence.find("job 1 ") == 0);
  CHECK(fixture.store().reader().job(job).at("name") == "old");
  CHECK_NOTHROW(fixture.run(fixture.add("new")));
}
