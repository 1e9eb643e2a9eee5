// Whatever is killed at whatever moment, the tables are the same in the end.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "site.hpp"

namespace {

/// What must not depend on interruptions: no times, no counts of attempts.
Json tables_of(const Site& site, const std::string& job) {
  const std::vector<std::string> place{"--state-dir", site.state()};
  Json trials = site.ask({"trials", job, "--state-dir", site.state()});
  for (Json& trial : trials) {
    for (const char* key :
         {"job", "started_at", "finished_at", "seconds", "attempts", "latency_ms"}) {
      trial.erase(key);
    }
  }
  Json best = site.ask({"best", job, "--state-dir", site.state()});
  Json ranking = site.ask({"ranking", job, "--state-dir", site.state()});
  for (Json& row : ranking) row.erase("job");
  return {{"trials", trials}, {"ranking", ranking}, {"config", best.at("config")}};
}

/// The tables of an undisturbed run of long_job().
const Json& undisturbed() {
  static const Json tables = [] {
    const Site site;
    const Result result = site.run(site.long_job("long", 20));
    REQUIRE_MESSAGE(result.code == 10, result.error);
    return tables_of(site, "long");
  }();
  return tables;
}

/// Random moments, the same ones again with $AMPD_SEED.
class Moments {
 public:
  Moments() : seed_(read_seed()), generator_(seed_) { MESSAGE("AMPD_SEED=" << seed_); }

  void wait() {
    std::uniform_int_distribution<int> milliseconds(0, 700);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(generator_)));
  }

 private:
  static unsigned read_seed() {
    const char* const seed = std::getenv("AMPD_SEED");
    return seed != nullptr ? static_cast<unsigned>(std::strtoul(seed, nullptr, 10))
                           : std::random_device()();
  }

  unsigned seed_;
  std::mt19937 generator_;
};

std::vector<pid_t> children_of(pid_t process) {
  const std::string id = std::to_string(process);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

bool is_done(const Site& site) {
  const Result result = site.ctl({"show", "long", "--json", "--state-dir", site.state()});
  return result.code == 0 && result.json().at("state") == "done";
}

}  // namespace

TEST_CASE("ampd run, killed again and again, ends with the same tables") {
  const Site site;
  const std::string job = site.long_job("long", 20);
  Moments moments;
  for (int kills = 0; kills < 5; ++kills) {
    Program program = site.start(site.run_command(job));
    moments.wait();
    program.signal(SIGKILL);
    program.code();
  }
  CHECK(site.run(job).code == 10);
  CHECK(tables_of(site, "long") == undisturbed());
}

TEST_CASE("a daemon, killed again and again, ends with the same tables") {
  const Site site;
  Moments moments;
  {
    Daemon daemon(site);
    REQUIRE(site.ctl({"submit", site.long_job("long", 20)}).code == 0);
    moments.wait();
    daemon.kill();
  }
  for (int kills = 0; kills < 5; ++kills) {
    Daemon daemon(site);
    moments.wait();
    daemon.kill();
  }
  Daemon daemon(site);
  CHECK(site.ctl({"watch", "long"}).code == 10);
  CHECK(tables_of(site, "long") == undisturbed());
}

TEST_CASE("a worker, killed again and again, costs nothing but time") {
  const Site site;
  Moments moments;
  Daemon daemon(site);
  REQUIRE(site.ctl({"submit", site.long_job("long", 20)}).code == 0);
  int kills = 0;
  while (kills < 5 && !is_done(site)) {
    moments.wait();
    for (const pid_t worker : children_of(daemon.program().id())) {
      ::kill(worker, SIGKILL);
      ++kills;
    }
  }
  CHECK(kills > 0);
  CHECK(site.ctl({"watch", "long"}).code == 10);
  CHECK(tables_of(site, "long") == undisturbed());
}
