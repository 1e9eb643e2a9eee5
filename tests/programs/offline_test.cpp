// Looking without a daemon gives what the daemon gives.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "site.hpp"

namespace {

const std::vector<std::vector<std::string>> looks{{"list"},
                                                  {"show", "easy"},
                                                  {"trials", "easy"},
                                                  {"trials", "1", "--last", "1"},
                                                  {"ranking", "easy"},
                                                  {"best", "easy"},
                                                  {"events", "easy"},
                                                  {"events", "--last", "2"}};

}  // namespace

TEST_CASE("every verb that looks says the same with a daemon and without") {
  const Site site;
  std::vector<Json> live;
  {
    Daemon daemon(site);
    REQUIRE(site.ctl({"submit", site.easy_job(), "--wait"}).code == 0);
    for (const auto& look : looks) live.push_back(site.ask(look));
    for (std::size_t i = 0; i < looks.size(); ++i) {
      std::vector<std::string> direct = looks[i];
      direct.insert(direct.end(), {"--state-dir", site.state()});
      CHECK(site.ask(direct) == live[i]);
    }
    REQUIRE(daemon.stop() == 0);
  }
  for (std::size_t i = 0; i < looks.size(); ++i) {
    std::vector<std::string> offline = looks[i];
    offline.insert(offline.end(), {"--socket", site.socket(), "--state-dir", site.state()});
    CHECK(site.ask(offline) == live[i]);
  }
  CHECK(site.ctl({"show", "other", "--state-dir", site.state()}).code == 3);
}

TEST_CASE("a table lists the newest jobs and says that there are more; a program gets them all") {
  const Site site;
  REQUIRE(site.run(site.easy_job()).code == 0);
  const auto list = [&](const std::string& option) {
    std::vector<std::string> arguments{"list", "--state-dir", site.state()};
    if (!option.empty()) arguments.push_back(option);
    return site.ctl(std::move(arguments));
  };
  const auto lines = [](const std::string& text) { return std::ranges::count(text, '\n'); };
  const std::string copy_job =
      "CREATE TEMP TABLE copy AS SELECT * FROM job WHERE id = 1; UPDATE copy SET id = NULL;"
      "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < %)"
      "INSERT INTO job SELECT copy.* FROM copy, number";
  const auto add_jobs = [&](const std::string& count) {
    std::string sql = copy_job;
    sql.replace(sql.find('%'), 1, count);
    REQUIRE(site.finish({"/usr/bin/sqlite3", site.state() / "ampd.db", sql}).code == 0);
  };
  add_jobs("199");
  CHECK(lines(list("").output) == 201);
  CHECK(list("").error.empty());
  add_jobs("1");
  CHECK(lines(list("").output) == 201);
  CHECK(list("").error.find("--all") != std::string::npos);
  CHECK(lines(list("--all").output) == 202);
  CHECK(list("--all").error.empty());
  CHECK(list("--json").json().size() == 201);
}

TEST_CASE("a database is checked and copied, and a copy is as good") {
  const Site site;
  REQUIRE(site.run(site.easy_job()).code == 0);
  CHECK(site.ctl({"check", "--state-dir", site.state()}).code == 0);
  const std::string copy = site.folder() / "copy.db";
  CHECK(site.ctl({"backup", copy, "--state-dir", site.state()}).code == 0);
  CHECK(site.ctl({"backup", copy, "--state-dir", site.state()}).code == 6);
  const std::string restored = site.folder() / "restored";
  std::filesystem::create_directory(restored);
  std::filesystem::copy_file(copy, restored + "/ampd.db");
  std::filesystem::copy(site.state() / "blobs", restored + "/blobs");
  CHECK(site.ctl({"check", "--state-dir", restored}).code == 0);
  CHECK(site.ask({"trials", "easy", "--state-dir", restored}) ==
        site.ask({"trials", "easy", "--state-dir", site.state()}));
}
