#include "terminal/job_summary.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace ampd::terminal;
using ampd::base::ExitCode;

namespace {

Json job(const std::string& state, const Json& goal_met) {
  return Json{{"id", 7},           {"name", "net"},
              {"state", state},    {"goal_met", goal_met},
              {"trials_done", 17}, {"baseline_accuracy", 0.9722},
              {"error", nullptr}};
}

Json best() {
  return Json{{"seq", 16},
              {"stage", "incremental"},
              {"accuracy", 0.97},
              {"delta", -0.0022},
              {"baseline_accuracy", 0.9722},
              {"target_accuracy", 0.9625},
              {"higher_is_better", true},
              {"precision", "bf16"},
              {"low_ops", 12},
              {"fp32_ops", 2},
              {"latency_ms", 2.0},
              {"speedup", 1.5}};
}

Json result(const Json& job, const Json& best) {
  return Json{{"job", job}, {"message", nullptr}, {"best", best}};
}

}  // namespace

TEST_CASE("a job that met its goal is summed up with what was gained") {
  CHECK(job_summary(result(job("done", 1), best())) ==
        "net (job 7) done: the goal is met\n"
        "  accuracy    0.970000 (fp32 0.972200, -0.002200; the goal is at least 0.962500)\n"
        "  precision   12 of 14 operators in bf16, 2 in fp32\n"
        "  speed       1.50x as fast as fp32: 2.0 ms instead of 3.0 ms\n"
        "  trials      17; the best is 16 (incremental)\n");
}

TEST_CASE("a config that is slower is called slower, one without a measurement not measured") {
  Json slow = best();
  slow["speedup"] = 0.8;
  CHECK(job_summary(result(job("done", 1), slow))
            .find("0.80x the speed of fp32, which is slower: 2.0 ms instead of 1.6 ms") !=
        std::string::npos);
  slow["speedup"] = nullptr;
  CHECK(job_summary(result(job("done", 1), slow)).find("speed       not measured") !=
        std::string::npos);
}

TEST_CASE("a missed goal says why") {
  Json missed = result(job("done", 0), best());
  CHECK(job_verdict(missed) == "done: the goal is not met");
  missed["message"] = "only fp32 meets the goal";
  CHECK(job_verdict(missed) == "done: only fp32 meets the goal");
}

TEST_CASE("a job without a best config is summed up with what there is") {
  Json failed = job("failed", nullptr);
  failed["error"] = "the worker died";
  CHECK(job_summary(result(failed, nullptr)) ==
        "net (job 7) failed: the worker died\n  accuracy    fp32 0.972200\n  trials      17\n");
}

TEST_CASE("the state of a job is an exit code") {
  const std::vector<std::pair<Json, ExitCode>> table{
      {job("done", 1), ExitCode::ok},
      {job("done", 0), ExitCode::goal_not_met},
      {job("done", nullptr), ExitCode::goal_not_met},
      {job("failed", nullptr), ExitCode::job_failed},
      {job("cancelled", 1), ExitCode::job_cancelled},
      {job("running", 1), ExitCode::ok},
  };
  for (const auto& [row, code] : table) CHECK(job_exit_code(row) == code);
}

TEST_CASE("an accuracy is short, and says so when it is not a number") {
  CHECK(accuracy_text(0.98765) == "0.987650");
  CHECK(accuracy_text(38.25) == "38.250000");
  CHECK(accuracy_text(0.0) == "0.000000");
  CHECK(accuracy_text(0.000012) == "0.000012");
  CHECK(accuracy_text(0.0000012) == "1.2e-06");
  CHECK(accuracy_text("-inf") == "-inf");
  CHECK(accuracy_text(nullptr) == "-");
}

TEST_CASE("a word of a command line is quoted where it must be") {
  CHECK(shell_word("/a/b-c_1.yaml") == "/a/b-c_1.yaml");
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("") == "''");
}
