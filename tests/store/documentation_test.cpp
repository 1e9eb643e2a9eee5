#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::store::EventKind;
using ampd::store::EventLevel;
using ampd::store::JobState;
using ampd::tuning::Proposal;

namespace {

struct Question {
  std::string title;
  std::string sql;
  std::vector<std::string> columns;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream >> std::ws, word, ',');) words.push_back(word);
  return words;
}

std::vector<Question> questions() {
  std::istringstream text(ampd::base::read_text(AMPD_SOURCE_ROOT "/docs/database.md", 1 << 20));
  std::vector<Question> found;
  bool is_sql = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("### ")) found.push_back({line.substr(4), "", {}});
    if (line == "```") is_sql = false;
    if (is_sql) found.back().sql += line + "\n";
    if (line == "```sql") is_sql = true;
    if (line.starts_with("Columns: ")) found.back().columns = split(line.substr(9));
  }
  return found;
}

/// Job 1 tries everything, with a failure, a retry and a measurement; job 2 meets its goal.
void fill(StoreFixture& fixture) {
  ampd::store::JobDefinition strict = fixture.definition("strict", 4);
  strict.job.settings.criterion.relative = false;
  strict.job.settings.criterion.tolerance = -0.5;
  const std::int64_t first = fixture.add(strict);
  fixture.store().set_state(first, JobState::running, "", {EventKind::started, "it runs"});
  fixture.run(first, [](const Proposal& proposal) {
    return proposal.seq == 3 ? failed("killed by signal 11") : accuracy_by_ops(proposal);
  });
  fixture.store().add_event(first,
                            {EventKind::retried, "the worker was killed", EventLevel::warning});
  const auto best = fixture.store().reader().job(first).at("best_seq").get<std::int64_t>();
  fixture.store().add_measurement(first, best, {{1'500'000, 1, 2}, {3'000'000, 3, 4}},
                                  {EventKind::measured, "1.5 ms"});
  fixture.store().finish(first, JobState::done, "", "", {EventKind::finished, "done"});

  ampd::store::JobDefinition easy = fixture.definition("easy", 4);
  easy.job.settings.criterion.tolerance = 0.04;
  const std::int64_t second = fixture.add(easy);
  fixture.store().set_state(second, JobState::running, "", {EventKind::started, "it runs"});
  fixture.run(second);
  fixture.store().finish(second, JobState::done, "", "", {EventKind::finished, "done"});
}

}  // namespace

TEST_CASE("each question of docs/database.md is answered by its query") {
  StoreFixture fixture;
  fill(fixture);
  SQLite::Database database(fixture.directory().database().string(), SQLite::OPEN_READONLY);
  const std::vector<Question> all = questions();
  CHECK(all.size() >= 12);
  for (const Question& question : all) {
    CAPTURE(question.title);
    SQLite::Statement query(database, question.sql);
    std::vector<std::string> columns;
    for (int i = 0; i < query.getColumnCount(); ++i) columns.push_back(query.getColumnName(i));
    CHECK(columns == question.columns);
    CHECK(query.executeStep());
    for (int i = 0; i < query.getColumnCount(); ++i) {
      CAPTURE(columns[static_cast<std::size_t>(i)]);
      const bool may_be_null = question.title.starts_with("How do two jobs compare");
      CHECK((may_be_null || !query.isColumnNull(i)));
    }
  }
}

TEST_CASE("docs/database.md describes each column of each view") {
  StoreFixture fixture;
  const std::string text = ampd::base::read_text(AMPD_SOURCE_ROOT "/docs/database.md", 1 << 20);
  SQLite::Database database(fixture.directory().database().string(), SQLite::OPEN_READONLY);
  SQLite::Statement columns(database,
                            "SELECT view.name, info.name FROM sqlite_schema AS view"
                            " JOIN pragma_table_info(view.name) AS info WHERE view.type = 'view'");
  int count = 0;
  for (; columns.executeStep(); ++count) {
    const std::string view = columns.getColumn(0).getString();
    const std::string column = columns.getColumn(1).getString();
    CAPTURE(view);
    CAPTURE(column);
    const std::size_t begin = text.find("**" + view + "**");
    REQUIRE(begin != std::string::npos);
    const std::string section = text.substr(begin, text.find("\n**", begin + 1) - begin);
    const bool is_described = section.find("| " + column + " |") != std::string::npos ||
                              section.find("| " + column + ",") != std::string::npos ||
                              section.find(", " + column + " |") != std::string::npos ||
                              section.find(", " + column + ",") != std::string::npos;
    CHECK(is_described);
  }
  CHECK(count == 54);
}
