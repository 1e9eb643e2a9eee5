#include "scheduler/scheduler.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "scheduler/scheduler_fixture.hpp"

using ampd::ErrorCode;
using ampd::scheduler::Phase;
using ampd::scheduler::Submission;
using ampd::store::Row;
using Values = std::vector<Row>;

TEST_CASE("a job runs from its submission to the first config that meets its goal") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  CHECK(fixture.state(job) == "running");
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.show(job, "goal_met") == 1);
  CHECK(fixture.show(job, "best_seq") == 5);
  CHECK(fixture.show(job, "speedup") == 10.0 / 9);
  CHECK(fixture.trials(job, "stage") ==
        Values{"baseline", "model_wise", "fallback", "fallback", "fallback", "incremental"});
  CHECK(fixture.trials(job, "latency_ms") == Values{10.0, nullptr, nullptr, nullptr, nullptr, 9.0});
  CHECK(fixture.trials(job, "attempts") == Values{1, 1, 1, 1, 1, 1});
  CHECK(fixture.trials(job, "seconds") == Values{2.0, 2.0, 2.0, 2.0, 2.0, 2.4});
  CHECK(fixture.messages(job, "goal_met") ==
        std::vector<std::string>{"trial 5 is the first to meet the goal"});
  CHECK(fixture.reader().record(job).message ==
        "trial 5 meets the goal with accuracy 0.8974167 and 1 of 3 operators below fp32");
  CHECK(fixture.scheduler().is_idle());
  CHECK(fixture.idles == 2);
}

TEST_CASE("a goal that no config below fp32 meets ends with the best of them, measured") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  const auto result = [&] {
    const std::int64_t job = fixture.scheduler().submit(submission);
    fixture.run();
    CHECK(fixture.state(job) == "done");
    CHECK(fixture.show(job, "goal_met") == 0);
    CHECK(fixture.trials(job, "seq").size() == 1 + 1 + 3 + 2);
    CHECK(fixture.show(job, "best_seq") == 5);
    CHECK(fixture.show(job, "speedup") == 10.0 / 9);
    CHECK(fixture.trials(job, "reused_from").back() == 0);
    CHECK(fixture.trials(job, "attempts").back() == 0);
    return fixture.reader().record(job).message;
  };
  submission.job.settings.criterion.tolerance = 0.001;
  CHECK(result() == "only fp32 meets the goal");
  submission.job.settings.criterion.tolerance = -0.5;
  CHECK(result() == "no config meets the goal: every stage is done");
}

TEST_CASE("only the performance objective measures latency") {
  SchedulerFixture fixture;
  fixture.world.latency = nullptr;
  Submission submission = fixture.submission();
  for (const auto objective : {ampd::Objective::accuracy, ampd::Objective::modelsize}) {
    submission.job.settings.objective = objective;
    const std::int64_t job = fixture.scheduler().submit(submission);
    fixture.run();
    CHECK(fixture.state(job) == "done");
    CHECK(fixture.show(job, "speedup").is_null());
  }
}

TEST_CASE("with a time-out each config that meets the goal is measured, and the fastest wins") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.job.settings.criterion.tolerance = 0.05;
  submission.job.settings.exit_policy.timeout_seconds = 1000;
  const std::int64_t job = fixture.scheduler().submit(submission);
  fixture.run();
  CHECK(fixture.trials(job, "latency_ms") == Values{10.0, 7.0, 8.0, 8.0, 8.0, 9.0, nullptr});
  CHECK(fixture.show(job, "best_seq") == 1);
  CHECK(fixture.messages(job, "goal_met").size() == 1);
}

TEST_CASE("the time-out counts seconds of execution over restarts and ends between batches") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.job.settings.exit_policy.timeout_seconds = 5;
  const std::int64_t job = fixture.scheduler().submit(submission);
  fixture.run_to(2, 1);
  fixture.clock.advance(std::chrono::hours(1));
  SUBCASE("undisturbed") {
    fixture.kill_and_open();
    fixture.clock.advance(std::chrono::hours(1));
  }
  SUBCASE("killed at its last moment") {
    fixture.kill_and_open();
    fixture.run_to(2, 2);
    fixture.kill_and_open();
  }
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "seq").size() == 2);
  CHECK(fixture.show(job, "best_seq") == 1);
  CHECK(fixture.reader().record(job).message.find("time-out") != std::string::npos);
}

TEST_CASE("max_trials ends a search, and the submission warned of it") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.job.settings.exit_policy.max_trials = 3;
  const std::int64_t job = fixture.scheduler().submit(submission);
  CHECK(fixture.messages(job, "warning").size() == 1);
  fixture.run();
  CHECK(fixture.trials(job, "seq").size() == 4);
  CHECK(fixture.reader().record(job).message ==
        "no config meets the goal: max_trials ended the search");
}

TEST_CASE("a submission is warned of speedups that say nothing") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.is_emulated = true;
  CHECK(fixture.messages(fixture.scheduler().submit(submission), "warning").size() == 1);
  submission.job.settings.objective = ampd::Objective::accuracy;
  CHECK(fixture.messages(fixture.scheduler().submit(submission), "warning").empty());
}

TEST_CASE("jobs run one after the other in the order of their submission") {
  SchedulerFixture fixture;
  const std::int64_t first = fixture.submit("first");
  const std::int64_t second = fixture.submit("second");
  const std::int64_t third = fixture.submit("third");
  CHECK(fixture.scheduler().status().queue == std::vector{second, third});
  CHECK(fixture.state(second) == "queued");
  fixture.run_to(3);
  CHECK(fixture.scheduler().status().activity->job == first);
  fixture.run();
  for (const std::int64_t job : {first, second, third}) CHECK(fixture.state(job) == "done");
  CHECK(fixture.show(first, "finished_at") <= fixture.show(second, "started_at"));
  CHECK(fixture.show(second, "finished_at") <= fixture.show(third, "started_at"));
}

TEST_CASE("nothing runs before the start, and a start for one job leaves the others queued") {
  SchedulerFixture fixture;
  fixture.close();
  fixture.open_without_start();
  const std::int64_t first = fixture.submit("first");
  const std::int64_t second = fixture.submit("second");
  CHECK_FALSE(fixture.step());
  CHECK(fixture.scheduler().is_idle());
  fixture.scheduler().start(second);
  CHECK_FALSE(fixture.scheduler().is_idle());
  fixture.run();
  CHECK(fixture.state(first) == "queued");
  CHECK(fixture.state(second) == "done");
}

TEST_CASE("a submission that cannot be a job is refused and leaves none") {
  SchedulerFixture fixture;
  const auto refusal = [&](const Submission& submission) {
    const ErrorCode code = error_of([&] { fixture.scheduler().submit(submission); }).first;
    CHECK(fixture.reader().jobs().empty());
    return code;
  };
  Submission submission = fixture.submission();
  submission.model_digest[0] = submission.model_digest[0] == 'a' ? 'b' : 'a';
  CHECK(refusal(submission) == ErrorCode::conflict);
  submission = fixture.submission();
  submission.job.constraints = {{ampd::job::Constraint::Scope::op, "no_such_op", {}, true}};
  CHECK(refusal(submission) == ErrorCode::invalid);
  submission = fixture.submission();
  submission.space.ops.clear();
  CHECK(refusal(submission) == ErrorCode::unsupported);
  submission = fixture.submission();
  submission.job.model_path = fixture.folder / "absent.onnx";
  submission.model_digest = "none";
  CHECK(refusal(submission) == ErrorCode::not_found);
}

TEST_CASE("constraints pin operators in the whole search") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.job.constraints = {
      {ampd::job::Constraint::Scope::op, "op2", {ampd::Precision::fp32}, true}};
  const std::int64_t job = fixture.scheduler().submit(submission);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "low_ops").at(1) == 2);
  fixture.kill_and_open();
  CHECK(fixture.state(job) == "done");
}

TEST_CASE("a paused job stops after the running batch and goes on there") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  const std::int64_t other = fixture.submit("other");
  fixture.run_to(2, 2);
  fixture.scheduler().pause(job);
  CHECK(fixture.state(job) == "paused");
  CHECK(fixture.error(job) == "paused by a user");
  CHECK(fixture.scheduler().status().activity->phase == Phase::stopping);
  fixture.steps(2);
  CHECK(fixture.state(other) == "running");
  CHECK(fixture.runner().kills == 0);

  fixture.scheduler().resume(job);
  CHECK(fixture.state(job) == "queued");
  CHECK(fixture.error(job).empty());
  fixture.run();
  CHECK(fixture.state(other) == "done");
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.messages(job, "resumed") ==
        std::vector<std::string>{"resumed by a user", "trial 2 goes on after batch 2, attempt 2"});
  CHECK(fixture.trials(job, "attempts").at(2) == 2);
  CHECK(fixture.trials(job, "seconds").at(2) == 2.0);
}

TEST_CASE("pausing and resuming at any moment does not change the result") {
  SchedulerFixture undisturbed;
  const std::int64_t expected_job = undisturbed.submit();
  const int steps = undisturbed.run();
  const std::string expected = undisturbed.result(expected_job);
  for (int at = 0; at < steps; at += 3) {
    CAPTURE(at);
    SchedulerFixture fixture;
    const std::int64_t job = fixture.submit();
    fixture.steps(at);
    fixture.scheduler().pause(job);
    if (at % 2 == 0) fixture.run();
    fixture.scheduler().resume(job);
    fixture.run();
    CHECK(fixture.result(job) == expected);
  }
}

TEST_CASE("a cancelled job stops at once, and a retry goes on where it was") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  fixture.run_to(3, 2);
  fixture.scheduler().cancel(job);
  CHECK(fixture.state(job) == "cancelled");
  CHECK(fixture.runner().kills == 1);
  CHECK_FALSE(fixture.step());
  fixture.scheduler().retry(job);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "attempts").at(2) == 1);
  CHECK(fixture.trials(job, "attempts").at(3) == 2);
}

TEST_CASE("a finished search keeps its best so far") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  const std::int64_t other = fixture.submit("other");
  const std::int64_t paused = fixture.submit("paused");
  fixture.run_to(3, 2);
  fixture.scheduler().finish(job);
  fixture.scheduler().finish(other);
  fixture.scheduler().pause(paused);
  fixture.scheduler().finish(paused);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "seq").size() == 3);
  CHECK(fixture.show(job, "best_seq") == 2);
  CHECK(fixture.show(job, "speedup") == 10.0 / 8);
  CHECK(fixture.reader().record(job).message ==
        "no config meets the goal: the search was ended early");
  for (const std::int64_t unstarted : {other, paused}) {
    CHECK(fixture.state(unstarted) == "done");
    CHECK(fixture.trials(unstarted, "seq").empty());
    CHECK(fixture.show(unstarted, "goal_met").is_null());
  }
}

TEST_CASE("a removed job is gone, whatever its state") {
  SchedulerFixture fixture;
  const std::int64_t first = fixture.submit("first");
  const std::int64_t second = fixture.submit("second");
  CHECK(error_of([&] { fixture.scheduler().remove(first); }).first == ErrorCode::conflict);
  fixture.scheduler().remove(second);
  fixture.run_to(1, 1);
  fixture.scheduler().pause(first);
  fixture.scheduler().remove(first);
  CHECK(fixture.reader().jobs().empty());
  CHECK_FALSE(fixture.step());
  CHECK(fixture.scheduler().is_idle());
}

TEST_CASE("what a job's state does not allow is refused with that state") {
  SchedulerFixture fixture;
  const std::int64_t running = fixture.submit();
  const std::int64_t queued = fixture.submit("queued");
  ampd::scheduler::Scheduler& scheduler = fixture.scheduler();
  const auto refusal = [&](auto verb, std::int64_t job) {
    const auto [code, sentence] = error_of([&] { (scheduler.*verb)(job); });
    CHECK(code == ErrorCode::conflict);
    return sentence;
  };
  using ampd::scheduler::Scheduler;
  CHECK(refusal(&Scheduler::retry, running) == "job 1 is running and cannot be tried again");
  CHECK(refusal(&Scheduler::retry, queued) == "job 2 is queued and cannot be tried again");
  CHECK(error_of([&] { scheduler.resume(queued); }).first == ErrorCode::conflict);
  fixture.run();
  CHECK(refusal(&Scheduler::pause, running) == "job 1 is done and cannot be paused");
  refusal(&Scheduler::cancel, running);
  refusal(&Scheduler::finish, running);
  refusal(&Scheduler::retry, running);
  CHECK(error_of([&] { scheduler.pause(99); }).first == ErrorCode::not_found);
}

TEST_CASE("a shutdown saves after the running batch, and the next start goes on there") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  fixture.run_to(1, 3);
  const int idles = fixture.idles;
  fixture.scheduler().shut_down();
  CHECK_FALSE(fixture.scheduler().is_idle());
  fixture.run();
  CHECK(fixture.scheduler().is_idle());
  CHECK(fixture.idles == idles + 1);
  CHECK(fixture.state(job) == "running");
  fixture.kill_and_open();
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.messages(job, "resumed") ==
        std::vector<std::string>{"trial 1 goes on after batch 3, attempt 2"});
}

TEST_CASE("what goes on at the moment can be seen, with the time that is left") {
  SchedulerFixture fixture;
  fixture.submit();
  fixture.run_to(0, 2);
  auto activity = *fixture.scheduler().status().activity;
  CHECK(activity.phase == Phase::evaluating);
  CHECK(activity.stage == ampd::tuning::Stage::baseline);
  CHECK(activity.batches_done == 2);
  CHECK(activity.batches == 4);
  CHECK(activity.accuracy == (0.9 + 0.901) / 2);
  CHECK(activity.trials_at_most == 7);
  CHECK(activity.seconds_used == 0.8);
  CHECK(activity.eta_seconds == doctest::Approx(0.8 / 0.5 * 6.5));
  fixture.run_to(3);
  activity = *fixture.scheduler().status().activity;
  CHECK(activity.trials_done == 3);
  CHECK(activity.seq == 3);
  CHECK(activity.stage == ampd::tuning::Stage::fallback);
  CHECK(activity.eta_seconds == doctest::Approx(4 * 2.0));
  fixture.run();
  CHECK_FALSE(fixture.scheduler().status().activity.has_value());
  const auto is_measuring = [](const auto& seen) { return seen.phase == Phase::measuring; };
  CHECK(std::ranges::any_of(fixture.activities, is_measuring));
}

TEST_CASE("a job with a command is given the model and a config file") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.job.evaluation = ampd::job::CommandEvaluation{{"./score.sh", "-x"}, 600};
  fixture.world.digests[submission.job.model_path.string()] = submission.model_digest;
  const std::int64_t job = fixture.scheduler().submit(submission);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.show(job, "best_seq") == 5);
  REQUIRE(fixture.runner().commands.size() == 6);
  const ampd::runner::Command& command = fixture.runner().commands.back();
  CHECK(command.arguments == std::vector<std::string>{"./score.sh", "-x"});
  CHECK(command.folder == fixture.folder.path());
  CHECK(command.timeout_seconds == 600);
  CHECK(command.environment[0].first == "AMPD_MODEL");
  CHECK(command.environment[0].second == submission.job.model_path.string());
  CHECK(command.environment[1].first == "AMPD_CONFIG");
  const auto trial = fixture.store().history(fixture.reader().record(job)).search.trials()[5];
  CHECK(ampd::base::read_text(command.environment[1].second, 1000) ==
        to_json(fixture.world.space, trial.proposal.config));
  CHECK(trial.outcome.model_bytes == 2 * 400 + 200);
}

TEST_CASE(
    "a job that shares results takes them from an earlier one and ends with the same tables") {
  SchedulerFixture fixture;
  fixture.world.configs_max = 100;
  auto submission = fixture.submission();
  submission.job.settings.criterion.tolerance = -0.5;
  submission.job.settings.objective = ampd::Objective::accuracy;
  submission.job.shares_results = true;
  const std::int64_t first = fixture.scheduler().submit(submission);
  fixture.run();
  const std::int64_t second = fixture.scheduler().submit(submission);
  fixture.world.fault = [](const ampd::protocol::Order& order,
                           const auto&) -> std::optional<ampd::runner::Event> {
    CHECK_FALSE(std::holds_alternative<ampd::protocol::Evaluate>(order));
    return std::nullopt;
  };
  fixture.run();
  for (const char* key : {"seq", "stage", "state", "accuracy", "meets_goal", "config_digest"}) {
    CHECK(fixture.trials(second, key) == fixture.trials(first, key));
  }
  CHECK(fixture.show(second, "best_seq") == fixture.show(first, "best_seq"));
  CHECK(fixture.trials(second, "reused_job").front() == first);
  fixture.kill_and_open();
  CHECK(fixture.store().history(fixture.reader().record(second)).search.next() == std::nullopt);
}

TEST_CASE("nothing is evaluated beside a shared result that meets the goal") {
  SchedulerFixture fixture;
  fixture.world.configs_max = 100;
  fixture.world.accuracy = [](const ampd::protocol::Precisions& precisions, std::int64_t) {
    const std::string text = text_of(precisions);
    return text == "fff" ? 0.75 : text == "bfb" ? 0.74 : 0.5;
  };
  std::vector<std::string> evaluated;
  bool are_others_killed = true;
  fixture.world.fault = [&](const ampd::protocol::Order& order,
                            const auto&) -> std::optional<ampd::runner::Event> {
    const auto* evaluate = std::get_if<ampd::protocol::Evaluate>(&order);
    if (evaluate == nullptr) return std::nullopt;
    std::string configs;
    for (const auto& config : evaluate->configs) configs += text_of(config) + " ";
    if (evaluated.empty() || evaluated.back() != configs) evaluated.push_back(configs);
    const std::string first = text_of(evaluate->configs.front());
    const bool is_other = first == "bbf" || first == "fbb";
    if (!are_others_killed || !is_other) return std::nullopt;
    return ampd::runner::Event(ampd::runner::Died{"signal 11"});
  };
  auto submission = fixture.submission();
  submission.job.settings.criterion = {.relative = false, .tolerance = -0.5};
  submission.job.settings.objective = ampd::Objective::accuracy;
  submission.job.shares_results = true;
  const std::int64_t first = fixture.scheduler().submit(submission);
  fixture.run();
  CHECK(fixture.trials(first, "state") ==
        Values{"done", "done", "failed", "done", "failed", "done", "done"});

  evaluated.clear();
  are_others_killed = false;
  submission.job.settings.criterion.tolerance = 0.02;
  const std::int64_t second = fixture.scheduler().submit(submission);
  fixture.run();
  CHECK(evaluated == std::vector<std::string>{"bbf "});
  CHECK(fixture.show(second, "best_seq") == 3);
  CHECK(fixture.trials(second, "reused_job").back() == first);
}
