#include "store/check.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::store::CheckDepth;

namespace {

std::int64_t add_measured_job(StoreFixture& fixture) {
  const std::int64_t job = fixture.add("job");
  fixture.run(job);
  fixture.store().add_measurement(job, 1, {{2, 1, 3}, {4, 3, 5}},
                                  {ampd::store::EventKind::measured, "2 ns"});
  return job;
}

}  // namespace

TEST_CASE("a whole database has no problems, while it is in use and afterwards") {
  StoreFixture fixture;
  add_measured_job(fixture);
  CHECK(check(fixture.directory(), CheckDepth::full).empty());
  fixture.close();
  CHECK(check(fixture.directory(), CheckDepth::quick).empty());
  CHECK(check(fixture.directory(), CheckDepth::full).empty());
}

TEST_CASE("whatever is damaged is found and named") {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"UPDATE trial SET accuracy = 0.5 WHERE seq = 2", "trial 2"},
      {"UPDATE measurement SET baseline_latency_ns = 9", "trial 1"},
      {"UPDATE job SET best_seq = 0", "best trial"},
      {"UPDATE job SET owner_uid = 7", "definition"},
      {"UPDATE job SET model_digest = job_file_digest", "definition"},
      {"PRAGMA foreign_keys = OFF; INSERT INTO input VALUES (9, 0, '', '')", "belongs to no row"}};
  for (const auto& [change, what] : changes) {
    CAPTURE(change);
    StoreFixture fixture;
    add_measured_job(fixture);
    SQLite::Database(fixture.directory().database().string(), SQLite::OPEN_READWRITE)
        .exec("DROP TRIGGER trial_is_never_changed; " + change);
    const auto problems = check(fixture.directory(), CheckDepth::full);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].sentence.find(what) != std::string::npos);
  }
}

TEST_CASE("a damaged or missing copy of a model is found and named") {
  StoreFixture fixture;
  const auto definition = fixture.definition("job");
  fixture.add(definition);
  const auto blob = fixture.store().blobs().path(definition.model_digest);
  std::filesystem::permissions(blob, std::filesystem::perms::owner_all);
  std::ofstream(blob) << "other";
  REQUIRE(check(fixture.directory(), CheckDepth::full).size() == 1);
  std::filesystem::remove(blob);
  const auto problems = check(fixture.directory(), CheckDepth::full);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].sentence.find(blob.string()) != std::string::npos);
}

TEST_CASE("damaged pages are found by the quick check too") {
  StoreFixture fixture;
  fixture.run(fixture.add("job", 60));
  fixture.close();
  const auto path = fixture.directory().database();
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t at = 4096 * 4; at < std::filesystem::file_size(path); at += 4096) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(64, 'x');
  }
  file.close();
  CHECK_FALSE(check(fixture.directory(), CheckDepth::quick).empty());
  CHECK_FALSE(check(fixture.directory(), CheckDepth::full).empty());
}

TEST_CASE("a backup taken while the store is in use goes on as the original") {
  StoreFixture fixture;
  const auto definition = fixture.definition("job");
  const std::int64_t job = fixture.add(definition);
  fixture.run(job, accuracy_by_ops, 3);
  const auto target = fixture.folder() / "copy.db";
  backup(fixture.directory(), target);
  CHECK(error_of([&] { backup(fixture.directory(), target); }).first == ErrorCode::conflict);
  fixture.run(job);
  const auto expected = fixture.history(job).search.trials();

  fixture.close();
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(fixture.directory().database().string() + suffix);
  }
  std::filesystem::rename(target, fixture.directory().database());
  fixture.open();
  CHECK(fixture.history(job).search.trials().size() == 3);
  CHECK(check(fixture.directory(), CheckDepth::full).empty());
  fixture.run(job);
  CHECK(fixture.history(job).search.trials() == expected);
}
