// Jobs at a daemon, from submission to removal.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "site.hpp"

namespace {

std::string submit(const Site& site, const std::string& job_file) {
  Result result = site.ctl({"submit", job_file});
  REQUIRE_MESSAGE(result.code == 0, result.error);
  result.output.pop_back();
  return result.output;
}

}  // namespace

TEST_CASE("a job that meets its goal is watched to exit code 0") {
  const Site site;
  Daemon daemon(site);
  const Result result = site.ctl({"submit", site.easy_job(), "--wait"});
  CHECK_MESSAGE(result.code == 0, result.error);
  CHECK(result.output.starts_with("1\neasy (job 1) done: the goal is met\n"));
  const Json job = site.ask({"show", "easy"});
  CHECK(job["state"] == "done");
  CHECK(job["goal_met"] == 1);
  CHECK(job["trials_done"] == 2);
  CHECK(site.ask({"trials", "easy"}).size() == 2);
  CHECK(site.ask({"best", "easy"})["seq"] == 1);
  CHECK(site.ask({"list"}).size() == 1);
  CHECK(site.ask({"events"}).size() >= 4);
  CHECK(site.ctl({"watch", "1"}).code == 0);
}

TEST_CASE("a goal that cannot be met takes every stage and is exit code 10") {
  const Site site;
  Daemon daemon(site);
  CHECK(site.ctl({"submit", site.long_job(), "--wait"}).code == 10);
  const Json trials = site.ask({"trials", "long"});
  const Json ranking = site.ask({"ranking", "long"});
  CHECK(trials.size() == 2 * ranking.size() + 1);
  CHECK(trials[0]["stage"] == "baseline");
  CHECK(trials[1]["stage"] == "model_wise");
  for (std::size_t i = 1; i < ranking.size(); ++i) {
    CHECK(ranking[i]["rank"] == i + 1);
    const double better = ranking[i - 1]["accuracy"], worse = ranking[i]["accuracy"];
    CHECK(better <= worse);
  }
  CHECK(site.ask({"show", "long"})["goal_met"] == 0);
  CHECK(site.ctl({"ranking", "long"}).output.starts_with("RANK"));
}

TEST_CASE("a job is paused and goes on to the same end") {
  const Site site;
  Daemon daemon(site);
  const std::string id = submit(site, site.long_job());
  REQUIRE(comes_true([&] { return site.ask({"show", id})["trials_done"] >= 3; }));
  CHECK(site.ctl({"resume", id}).code == 6);
  REQUIRE(site.ctl({"pause", id}).code == 0);
  CHECK(site.ask({"show", id})["state"] == "paused");
  CHECK(site.ctl({"pause", id}).code == 6);
  CHECK(site.ctl({"watch", id, "--timeout", "0.3"}).code == 124);
  const Json before = site.ask({"show", id})["trials_done"];
  REQUIRE(site.ctl({"resume", id}).code == 0);
  CHECK(site.ctl({"watch", id}).code == 10);
  CHECK(site.ask({"show", id})["trials_done"] > before);
}

TEST_CASE("a cancelled job is exit code 12 and goes on after a retry") {
  const Site site;
  Daemon daemon(site);
  const std::string id = submit(site, site.long_job());
  REQUIRE(comes_true([&] { return site.ask({"show", id})["trials_done"] >= 2; }));
  CHECK(site.ctl({"rm", id}).code == 6);
  REQUIRE(site.ctl({"cancel", id}).code == 0);
  CHECK(site.ctl({"watch", id}).code == 12);
  CHECK(site.ctl({"cancel", id}).code == 6);
  REQUIRE(site.ctl({"retry", id}).code == 0);
  CHECK(site.ctl({"watch", id}).code == 10);
}

TEST_CASE("a job that is finished early keeps the best it has") {
  const Site site;
  Daemon daemon(site);
  const std::string id = submit(site, site.long_job());
  REQUIRE(comes_true([&] { return site.ask({"show", id})["trials_done"] >= 3; }));
  REQUIRE(site.ctl({"finish", id}).code == 0);
  CHECK(site.ctl({"watch", id}).code == 10);
  CHECK_FALSE(site.ask({"show", id})["best_seq"].is_null());
}

TEST_CASE("jobs wait in line and run one after the other") {
  const Site site;
  Daemon daemon(site);
  submit(site, site.long_job("first"));
  submit(site, site.easy_job("second"));
  CHECK(site.ask({"show", "second"})["state"] == "queued");
  CHECK(site.ctl({"watch", "second"}).code == 0);
  CHECK(site.ask({"show", "first"})["state"] == "done");
}

TEST_CASE("a removed job is gone, its events stay") {
  const Site site;
  Daemon daemon(site);
  REQUIRE(site.ctl({"submit", site.easy_job(), "--wait"}).code == 0);
  REQUIRE(site.ctl({"rm", "easy"}).code == 0);
  CHECK(site.ctl({"show", "easy"}).code == 3);
  CHECK(site.ask({"list"}).empty());
  CHECK_FALSE(site.ask({"events"}).empty());
}

TEST_CASE("data that changed since the submission pauses the job and names the file") {
  const Site site;
  Daemon daemon(site);
  const std::string labels = site.folder() / "heldout_y.npy";
  submit(site, site.long_job("first", 5400));
  submit(site, site.easy_job("changed"));
  ampd::base::write_file(labels, ampd::base::read_text(labels, 1 << 20) + "x");
  REQUIRE(site.ctl({"cancel", "first"}).code == 0);
  REQUIRE(comes_true([&] { return site.ask({"show", "changed"})["state"] == "paused"; }));
  CHECK(site.ask({"show", "changed"})["error"].get<std::string>().find(labels) !=
        std::string::npos);
}
