#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/scheduler_fixture.hpp"

using ampd::scheduler::Submission;

namespace {

struct Killed {};

/// The jobs that are killed: one that meets its goal in the last stage, one that never does, one
/// with a command, one that refines; and these where trials are evaluated together.
struct Kind {
  std::string name;
  double tolerance = 0.004;
  bool has_command = false;
  std::size_t configs_max = 1;
  bool refines = false;  // six operators; aborts early
};

/// Ranks the operators from the first on; the first three in fp32 meet the goal, and so do the
/// second and the third alone.
double accuracy_of_six(const ampd::protocol::Precisions& precisions, std::int64_t batch) {
  const std::string text = text_of(precisions);
  const bool meets = text == "ffffff" || text == "fffbbb" || text == "bffbbb";
  const double first_fp32 = static_cast<double>(std::min(text.find('f'), text.size()));
  return (meets ? 0.91 : 0.89 - 0.001 * first_fp32) + 0.001 * static_cast<double>(batch % 2);
}

const std::vector<Kind> kinds{{"meets its goal in the last stage", 0.004, false},
                              {"never meets its goal", -0.5, false},
                              {"has a command", 0.004, true},
                              {"meets its goal, two trials together", 0.004, false, 2},
                              {"meets its goal, all trials together", 0.004, false, 100},
                              {"never meets its goal, two trials together", -0.5, false, 2},
                              {"never meets its goal, all trials together", -0.5, false, 100},
                              {"refines", 0.006, false, 1, true},
                              {"refines, two trials together", 0.006, false, 2, true},
                              {"refines, all trials together", 0.006, false, 100, true}};

constexpr std::size_t first_refining = 7;

std::size_t op_count(const Kind& kind) {
  return kind.refines ? 6 : 3;
}

std::int64_t submit(SchedulerFixture& fixture, const Kind& kind) {
  Submission submission = fixture.submission();
  submission.job.settings.criterion.tolerance = kind.tolerance;
  if (kind.has_command) {
    submission.job.evaluation = ampd::job::CommandEvaluation{{"./score.sh"}, 0};
  }
  fixture.world.digests[submission.job.model_path.string()] = submission.model_digest;
  fixture.world.configs_max = kind.configs_max;
  if (kind.refines) {
    fixture.world.accuracy = accuracy_of_six;
    submission.job.settings.objective = ampd::Objective::modelsize;
    submission.job.settings.refine = true;
    submission.job.settings.early_abort = true;
  }
  return fixture.scheduler().submit(submission);
}

std::pair<std::string, int> undisturbed(const Kind& kind) {
  SchedulerFixture fixture(op_count(kind));
  const std::int64_t job = submit(fixture, kind);
  const int steps = fixture.run();
  return {fixture.result(job), steps};
}

ampd::runner::Died death(bool by_outside) {
  ampd::runner::Died died;
  died.reason = "killed by signal 9";
  died.by_outside = by_outside;
  return died;
}

}  // namespace

TEST_CASE("trials that are evaluated together give what they give one by one") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    Kind alone = kind;
    alone.configs_max = 1;
    const auto [expected, steps_alone] = undisturbed(alone);
    const auto [together, steps] = undisturbed(kind);
    CHECK(together == expected);
    CHECK((steps < steps_alone) == (kind.configs_max > 1));
  }
}

TEST_CASE("the refining jobs refine, abort trials, and find a config with fewer fp32 ops") {
  for (std::size_t i = first_refining; i < kinds.size(); ++i) {
    SchedulerFixture fixture(op_count(kinds[i]));
    const std::int64_t job = submit(fixture, kinds[i]);
    fixture.run();
    int refined = 0;
    int aborted = 0;
    std::int64_t fp32_ops_before = 0;
    for (const ampd::store::Row& row : fixture.reader().trials(job)) {
      if (row.at("stage") != "refine") {
        if (row.at("meets_goal") == 1) fp32_ops_before = row.at("fp32_ops");
        continue;
      }
      ++refined;
      if (row.at("state") == "aborted") ++aborted;
      CHECK(row.at("op").is_string());
      CHECK(row.at("accuracy").is_null() == (row.at("state") == "aborted"));
    }
    CHECK(refined > aborted);
    CHECK(aborted > 0);
    const std::int64_t best = fixture.show(job, "best_seq");
    const ampd::store::Row row = fixture.reader().trials(job).at(static_cast<std::size_t>(best));
    CHECK(row.at("stage") == "refine");
    CHECK(row.at("meets_goal") == 1);
    CHECK(row.at("fp32_ops") < fp32_ops_before);
    const auto messages = fixture.messages(job, "trial");
    CHECK(std::ranges::any_of(messages, [](const std::string& message) {
      return message.find(" in bf16) aborted: after 200 samples it could have come to 0.8") !=
             std::string::npos;
    }));
  }
}

TEST_CASE("a job killed at any callback ends as if it had not been") {
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    const auto [expected, steps] = undisturbed(kind);
    for (int at = 0; at <= steps; ++at) {
      CAPTURE(at);
      SchedulerFixture fixture(op_count(kind));
      const std::int64_t job = submit(fixture, kind);
      fixture.steps(at);
      fixture.kill_and_open();
      fixture.run();
      CHECK(fixture.result(job) == expected);
    }
  }
}

TEST_CASE("a job killed again and again ends as if it had not been") {
  const auto [expected, steps] = undisturbed(kinds[0]);
  for (const int stride : {5, 7, 8, 11}) {
    for (const std::size_t configs_max : {1, 2, 100}) {
      CAPTURE(stride);
      CAPTURE(configs_max);
      SchedulerFixture fixture;
      fixture.world.batch_duration = std::chrono::milliseconds(1100);
      Kind kind = kinds[0];
      kind.configs_max = configs_max;
      const std::int64_t job = submit(fixture, kind);
      for (int deaths = 0; fixture.state(job) != "done"; ++deaths) {
        REQUIRE(deaths < 100);
        for (int i = 0; i < stride && fixture.step(); ++i) {
        }
        fixture.kill_and_open();
      }
      CHECK(fixture.result(job) == expected);
    }
  }
}

TEST_CASE("a job killed right after any commit that tells of itself ends as if it had not been") {
  for (const Kind& kind : {kinds[0], kinds[4]}) {
    CAPTURE(kind.name);
    const auto [expected, steps] = undisturbed(kind);
    int event_count = 0;
    {
      SchedulerFixture fixture;
      const std::int64_t job = submit(fixture, kind);
      fixture.run();
      event_count = static_cast<int>(fixture.reader().events(job).size());
    }
    for (int at = 0; at < event_count; ++at) {
      CAPTURE(at);
      SchedulerFixture fixture;
      int seen = 0;
      fixture.on_event = [&](const auto&) {
        if (seen++ == at) throw Killed{};
      };
      try {
        submit(fixture, kind);
        fixture.run();
        FAIL("it was not killed");
      } catch (const Killed&) {
        fixture.kill_and_open();
      }
      fixture.run();
      CHECK(fixture.result(1) == expected);
    }
  }
}

TEST_CASE("a worker that dies once, at any callback, changes nothing but the attempts") {
  for (const bool by_outside : {true, false}) {
    for (const Kind& kind : {kinds[0], kinds[3], kinds[4]}) {
      CAPTURE(kind.name);
      const auto [expected, steps] = undisturbed(kind);
      for (int at = 0; at < steps; ++at) {
        CAPTURE(at);
        SchedulerFixture fixture;
        const std::int64_t job = submit(fixture, kind);
        int callbacks = 0;
        fixture.world.fault = [&](const auto&, const auto&) -> std::optional<ampd::runner::Event> {
          if (callbacks++ == at) return death(by_outside);
          return std::nullopt;
        };
        fixture.run();
        CHECK(fixture.result(job) == expected);
        CHECK(fixture.messages(job, "retried").size() == 1);
      }
    }
  }
}

TEST_CASE("a trial that kills its worker fails alone, whatever company it was in") {
  std::string expected;
  for (const std::size_t configs_max : {1, 2, 100}) {
    CAPTURE(configs_max);
    SchedulerFixture fixture;
    Kind kind = kinds[1];
    kind.configs_max = configs_max;
    const std::int64_t job = submit(fixture, kind);
    fixture.world.fault = [&](const auto& order,
                              const auto&) -> std::optional<ampd::runner::Event> {
      const auto* evaluate = std::get_if<ampd::protocol::Evaluate>(&order);
      if (evaluate == nullptr) return std::nullopt;
      const std::size_t count = std::min(evaluate->configs.size(), configs_max);
      for (std::size_t i = 0; i < count; ++i) {
        if (text_of(evaluate->configs[i]) == "bfb") return death(false);
      }
      return std::nullopt;
    };
    fixture.run();
    const std::vector<ampd::store::Row> states = fixture.trials(job, "state");
    CHECK(std::ranges::count(states, "failed") == 1);
    if (expected.empty()) expected = fixture.result(job);
    CHECK(fixture.result(job) == expected);
  }
}

TEST_CASE("the seconds of a pass are shared among its trials, and none is lost") {
  const auto seconds = [](const Kind& kind) {
    SchedulerFixture fixture;
    const std::int64_t job = submit(fixture, kind);
    fixture.run();
    double sum = 0;
    for (const auto& each : fixture.trials(job, "seconds")) sum += each.template get<double>();
    return sum;
  };
  // Batches of 0.4 s, 4 of them in a pass, each followed by 0.4 s until the outcome is told.
  constexpr double seconds_of_pass = 5 * 0.4;
  const double passes = seconds(kinds[6]) / seconds_of_pass;
  CHECK(passes == doctest::Approx(4));
  CHECK(seconds(kinds[1]) / seconds_of_pass == doctest::Approx(6));
}

TEST_CASE("at most one second of an evaluation is repeated, the batch under way included") {
  for (const std::int64_t done : {33, 34, 35, 36, 37}) {
    CAPTURE(done);
    SchedulerFixture fixture;
    fixture.world.batches = 40;
    fixture.world.batch_duration = std::chrono::milliseconds(300);
    const std::int64_t job = fixture.submit();
    fixture.run_to(1, done);
    fixture.steps(1);
    fixture.kill_and_open();
    fixture.run_to(1, 1);
    const std::int64_t kept = fixture.scheduler().status().activity->batches_done - 1;
    CHECK(kept <= done);
    CHECK((done + 1 - kept) * fixture.world.batch_duration <= std::chrono::seconds(1));
    CHECK(fixture.messages(job, "resumed") ==
          std::vector<std::string>{"trial 1 goes on after batch " + std::to_string(kept) +
                                   ", attempt 2"});
  }
}

TEST_CASE("checkpoints are stored about once a second") {
  SchedulerFixture fixture;
  fixture.world.batches = 100;
  fixture.world.batch_duration = std::chrono::milliseconds(10);
  const std::int64_t job = fixture.submit();
  const auto stored_batches = [&] {
    const auto history = fixture.store().history(fixture.reader().record(job));
    return history.pass ? history.pass->batches_done : 0;
  };
  fixture.run_to(0, 50);
  CHECK(stored_batches() == 0);
  fixture.run_to(0, 100);
  fixture.steps(1);
  CHECK(stored_batches() == 100);
}

TEST_CASE("a job that waits its turn again is verified again") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  fixture.run_to(1);
  fixture.kill_and_open();
  CHECK(fixture.scheduler().status().activity->phase == ampd::scheduler::Phase::verifying);
  fixture.run();
  CHECK(fixture.messages(job, "started").size() == 2);
}
