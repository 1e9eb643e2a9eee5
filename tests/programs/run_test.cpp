// `ampd run`: a job in the foreground.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <set>
#include <string>

#include "site.hpp"

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Json show(const Site& site, const std::string& job) {
  return site.ask({"show", job, "--state-dir", site.state()});
}

/// Whether the job has that many trials; the database may not be there yet.
bool has_trials(const Site& site, const std::string& job, int count) {
  const Result result = site.ctl({"show", job, "--json", "--state-dir", site.state()});
  return result.code == 0 && result.json().at("trials_done") >= count;
}

}  // namespace

TEST_CASE("a job is run, summed up, and not run again") {
  const Site site;
  const std::string job = site.easy_job();
  const Result first = site.run(job);
  CHECK_MESSAGE(first.code == 0, first.error);
  CHECK(first.output.starts_with("easy (job 1) done: the goal is met\n"));
  CHECK(holds(first.output, (site.state() / "ampd.db").string()));
  CHECK(holds(first.output, "ampctl export 1 -o"));
  CHECK(holds(first.error, "baseline"));
  const Json before = site.ask({"events", "--state-dir", site.state()});
  const Result second = site.run(job);
  CHECK(second.code == 0);
  CHECK(second.output == first.output);
  CHECK(site.ask({"events", "--state-dir", site.state()}) == before);
  CHECK(site.run(job, {"--again", "--json"}).json().at("job").at("id") == 2);
}

TEST_CASE("the result of a run is its exit code, stored or new") {
  const Site site;
  const std::string job = site.long_job();
  const Result first = site.run(job, {"--json"});
  CHECK(first.code == 10);
  CHECK(first.json().at("exit_code") == 10);
  CHECK(first.json().at("job").at("goal_met") == 0);
  CHECK(site.run(job).code == 10);
}

TEST_CASE("a plan foretells the trials and passes of a run") {
  const Site site;
  const std::string job = site.long_job();
  const Json plan = site.ask({"plan", job});
  CHECK(site.run(job).code == 10);
  const Json trials = site.ask({"trials", "long", "--state-dir", site.state()});
  CHECK(plan.at("trials") == trials.size());
  for (const Json& stage : plan.at("stages")) {
    int count = 0;
    std::set<std::string> passes;
    for (const Json& trial : trials) {
      if (trial.at("stage") != stage.at("stage")) continue;
      ++count;
      if (trial.at("reused_from").is_null()) passes.insert(trial.at("started_at"));
    }
    CAPTURE(stage.at("stage"));
    CHECK(stage.at("trials") == count);
    const bool is_ranked = stage.at("stage") == "incremental";
    if (!is_ranked) CHECK(stage.at("passes") == passes.size());
  }
  CHECK(site.ctl({"list", "--state-dir", site.state(), "--json"}).json().size() == 1);
}

TEST_CASE("Ctrl-C saves, says how to go on, and the next run goes on") {
  const Site site;
  const std::string job = site.long_job();
  Program program = site.start(site.run_command(job));
  REQUIRE(comes_true([&] { return has_trials(site, "long", 3); }));
  program.signal(SIGINT);
  CHECK(program.code_within(std::chrono::seconds(5)) == 128 + SIGINT);
  CHECK(holds(program.error(), "Go on with: ampd run " + job + " --state-dir"));
  const int done = show(site, "long").at("trials_done");
  CHECK(done >= 3);
  CHECK(site.run(job).code == 10);
  CHECK(show(site, "long").at("id") == 1);
  CHECK(site.ask({"list", "--state-dir", site.state()}).size() == 1);
}

TEST_CASE("a run leaves other unfinished jobs of the state directory alone") {
  const Site site;
  Program program = site.start(site.run_command(site.long_job("other")));
  REQUIRE(comes_true([&] { return has_trials(site, "other", 2); }));
  program.signal(SIGTERM);
  CHECK(program.code() == 128 + SIGTERM);
  const Json before = site.ask({"trials", "other", "--state-dir", site.state()});
  CHECK(site.run(site.easy_job()).code == 0);
  CHECK(site.ask({"trials", "other", "--state-dir", site.state()}) == before);
}
