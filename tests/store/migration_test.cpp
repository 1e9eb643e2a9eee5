#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/migrations.hpp"
#include "store/store_fixture.hpp"

namespace {

constexpr const char* tables_of_version_1[] = {"job",  "input", "op",          "epoch", "proposal",
                                               "pass", "trial", "measurement", "event"};

/// Replaces the database by one of version 1 with the same rows, as far as it has their columns.
void make_version_1(const std::filesystem::path& path) {
  const std::filesystem::path newest = path.string() + ".newest";
  {
    SQLite::Database all(path.string(), SQLite::OPEN_READWRITE);
    all.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::filesystem::rename(path, newest);
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  SQLite::Database old(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  old.exec(ampd::store::migrations().front());
  old.exec("ATTACH '" + newest.string() + "' AS newest");
  for (const std::string table : tables_of_version_1) {
    const std::string columns =
        old.execAndGet("SELECT group_concat(name) FROM pragma_table_info('" + table + "', 'main')")
            .getString();
    old.exec("INSERT INTO main." + table + " (" + columns + ") SELECT " + columns +
             " FROM newest." + table);
  }
  old.exec("PRAGMA application_id = " + std::to_string(ampd::store::application_id));
  old.exec("PRAGMA user_version = 1");
}

}  // namespace

TEST_CASE("a database of version 1 is brought up to date, and its jobs go on") {
  StoreFixture fixture;
  const std::int64_t finished = fixture.add("finished");
  fixture.run(finished, [](const auto& proposal) {
    ampd::Outcome outcome = accuracy_by_ops(proposal);
    if (proposal.seq > 2) outcome.latency_ns = 1'000'000 + proposal.seq;
    return outcome;
  });
  const std::int64_t unfinished = fixture.add("unfinished");
  fixture.run(unfinished, accuracy_by_ops, 3);
  fixture.propose(unfinished, fixture.history(unfinished));
  const auto rows = [&] {
    std::string text;
    for (const std::int64_t job : {finished, unfinished}) {
      const ampd::store::Reader& reader = fixture.store().reader();
      for (const auto& row : reader.trials(job)) text += row.dump() + "\n";
      for (const auto& row : reader.rankings(job)) text += row.dump() + "\n";
      text += reader.job(job).dump() + "\n";
    }
    return text;
  };
  const std::string before = rows();
  CHECK(before.find("latency_ms\":1.00000") != std::string::npos);
  fixture.close();
  make_version_1(fixture.directory().database());

  fixture.open();
  CHECK(rows() == before);
  const auto database = ampd::store::Database::open_to_read(fixture.directory().database());
  CHECK(database->pragma("user_version") ==
        static_cast<std::int64_t>(ampd::store::migrations().size()));
  CHECK(fixture.history(finished).search.next() == std::nullopt);
  CHECK(fixture.history(unfinished).search.trials().size() == 3);
  CHECK(fixture.history(unfinished).pass.has_value());
  fixture.run(unfinished);
  CHECK(fixture.history(unfinished).search.stop_reason().has_value());
}
