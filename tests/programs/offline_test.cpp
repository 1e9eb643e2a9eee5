// Looking without a daemon gives what the daemon gives.
#include <doctest/doctest.h>
#include <sys/stat.h>

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
