#include "store/schema.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <string>

#include "store/check.hpp"
#include "store/store_fixture.hpp"

namespace {

/// As a flipped bit would, behind SQLite's back.
void change(StoreFixture& fixture, const std::string& sql) {
  fixture.close();
  SQLite::Database(fixture.directory().database().string(), SQLite::OPEN_READWRITE)
      .exec("PRAGMA writable_schema = ON; " + sql);
}

}  // namespace

TEST_CASE("a table, index or view that is not what ampd made is named, and nothing is opened") {
  const std::pair<std::string, std::string> changes[] = {
      {"UPDATE sqlite_schema SET sql = replace(sql, 'fp32_ops', 'fp32_oqs')"
       " WHERE name = 'trials'",
       "view trials"},
      {"UPDATE sqlite_schema SET sql = replace(sql, '''done''', '''dond''') WHERE name = 'trial'",
       "table trial"},
      {"DROP INDEX job_by_name", "index job_by_name"},
      {"DROP VIEW rankings", "view rankings"}};
  for (const auto& [sql, what] : changes) {
    CAPTURE(what);
    StoreFixture fixture;
    change(fixture, sql);
    const auto [code, sentence] = error_of([&] { fixture.open(); });
    CHECK(code == ampd::ErrorCode::corrupt);
    CHECK(sentence.find("its " + what + " is missing or is not what ampd made") !=
          std::string::npos);
    const auto problems = check(fixture.directory(), ampd::store::CheckDepth::full);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].sentence == sentence);
  }
}

TEST_CASE("what others add to a database is no damage") {
  StoreFixture fixture;
  change(fixture,
         "CREATE VIEW mine AS SELECT name FROM jobs;"
         "CREATE INDEX by_accuracy ON trial (accuracy); ANALYZE");
  fixture.open();
  CHECK(check(fixture.directory(), ampd::store::CheckDepth::full).empty());
}
