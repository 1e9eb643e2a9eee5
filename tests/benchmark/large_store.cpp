// Fills a state directory with finished jobs that all have the same trials.
#define DOCTEST_CONFIG_IMPLEMENT
#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "store/store_fixture.hpp"

namespace {

/// The columns of a table behind the job's number.
std::string columns_of(SQLite::Database& database, const std::string& table,
                       const std::string& left_out) {
  SQLite::Statement rows(database, "SELECT name FROM pragma_table_info(?) WHERE name != ?");
  rows.bind(1, table);
  rows.bind(2, left_out);
  std::string columns;
  while (rows.executeStep()) columns += ", " + rows.getColumn(0).getString();
  return columns;
}

/// The chain of a job's trials does not depend on its number: copies are whole histories.
void copy_jobs(const std::filesystem::path& path, std::int64_t jobs) {
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
  database.exec("PRAGMA synchronous = OFF; BEGIN");
  const std::string numbers =
      "WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM"
      " number WHERE n < " +
      std::to_string(jobs) + ") ";
  const auto copy = [&](const std::string& table, const std::string& key) {
    const std::string columns = columns_of(database, table, key);
    database.exec(numbers + "INSERT INTO " + table + " (" + key + columns + ") SELECT n" + columns +
                  " FROM number CROSS JOIN " + table + " WHERE " + table + "." + key + " = 1");
  };
  copy("job", "id");
  for (const char* table : {"input", "op", "epoch", "trial"}) copy(table, "job");
  database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s STATE_DIRECTORY JOBS OPERATORS\n", argv[0]);
    return 2;
  }
  using ampd::store::EventKind;
  using ampd::store::JobState;
  const auto jobs = std::stoll(argv[2]);
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  StoreFixture fixture;
  auto definition = fixture.definition("large", std::stoul(argv[3]));
  definition.job.settings.criterion.tolerance = -100;
  definition.job.settings.exit_policy.max_trials = 1 << 20;
  const std::int64_t job = fixture.add(definition);
  const auto started = std::chrono::steady_clock::now();
  fixture.run(job);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  fixture.store().finish(job, JobState::done, "", "made up", {EventKind::finished, "made up"});
  const std::size_t trials = fixture.history(job).search.trials().size();
  fixture.close();
  std::filesystem::copy(fixture.directory().path(), argv[1],
                        std::filesystem::copy_options::recursive);
  copy_jobs(ampd::store::StateDirectory(argv[1]).database(), jobs);
  std::printf("{\"trials_per_job\": %zu, \"seconds_per_trial\": %.9f}\n", trials,
              taken.count() / static_cast<double>(trials));
}
