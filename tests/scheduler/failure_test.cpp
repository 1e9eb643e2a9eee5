#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/scheduler_fixture.hpp"
#include "store/faulty_vfs.hpp"

using ampd::ErrorCode;
using ampd::protocol::Evaluate;
using ampd::protocol::Order;
using ampd::protocol::Progress;
using ampd::protocol::Reply;
using ampd::runner::Died;
using ampd::runner::Event;
using ampd::scheduler::Phase;
using ampd::scheduler::Submission;
using Values = std::vector<ampd::store::Row>;

namespace {

Event death(const std::string& reason, bool by_outside = false) {
  Died died;
  died.reason = reason;
  died.by_outside = by_outside;
  return died;
}

Event failure(ErrorCode code, const std::string& sentence) {
  return Reply(ampd::protocol::Failed{code, sentence});
}

bool is_evaluation_of(const Order& order, const std::string& precisions) {
  const auto* evaluate = std::get_if<Evaluate>(&order);
  return evaluate != nullptr && text_of(evaluate->configs.at(0)) == precisions;
}

std::int64_t batch_of(const Event& planned) {
  const auto* reply = std::get_if<Reply>(&planned);
  const auto* progress = reply == nullptr ? nullptr : std::get_if<Progress>(reply);
  return progress == nullptr ? -1 : progress->batches_done;
}

/// Faults of the file layer, for one test.
class Faults {
 public:
  ~Faults() { end(); }
  void fail(FaultyVfs::Operation failing, int code) {
    FaultyVfs::fault = [failing, code](FaultyVfs::Operation operation) {
      return operation == failing ? code : SQLITE_OK;
    };
  }
  void end() { FaultyVfs::fault = nullptr; }
};

/// What the database file has is changed behind the store's back.
void tamper(SchedulerFixture& fixture, const std::string& sql) {
  SQLite::Database(fixture.directory().database().string(), SQLite::OPEN_READWRITE)
      .exec("DROP TRIGGER IF EXISTS trial_is_never_changed; " + sql);
}

}  // namespace

TEST_CASE("two deaths at the same batch fail the trial, and the search goes on") {
  SchedulerFixture fixture;
  fixture.world.fault = [](const Order& order, const Event& planned) -> std::optional<Event> {
    if (is_evaluation_of(order, "bbf") && batch_of(planned) == 3) return death("signal 11");
    return std::nullopt;
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "state") ==
        Values{"done", "done", "failed", "done", "done", "done", "done"});
  CHECK(fixture.trials(job, "attempts").at(2) == 2);
  CHECK(fixture.messages(job, "trial")[2] == "trial 2 (fallback, op2 in fp32) failed: signal 11");
  CHECK(fixture.reader().rankings(job).back().at("op") == "op2");
}

TEST_CASE("a worker that dies further on each time is given another attempt") {
  SchedulerFixture fixture;
  std::int64_t last_death = 0;
  fixture.world.fault = [&](const Order& order, const Event& planned) -> std::optional<Event> {
    if (!is_evaluation_of(order, "bbf") || batch_of(planned) <= last_death) return std::nullopt;
    if (batch_of(planned) < last_death + 2) return std::nullopt;
    last_death = batch_of(planned) - 1;
    return death("out of memory");
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.trials(job, "state").at(2) == "done");
  CHECK(fixture.trials(job, "attempts").at(2) == 4);
}

TEST_CASE("deaths from outside are retried for ever, later and later") {
  SchedulerFixture fixture;
  int deaths = 0;
  std::vector<std::chrono::nanoseconds> starts;
  fixture.world.fault = [&](const Order& order, const Event& planned) -> std::optional<Event> {
    if (!is_evaluation_of(order, "bbf") || batch_of(planned) != 1) return std::nullopt;
    starts.push_back(fixture.clock.monotonic());
    if (++deaths > 10) return std::nullopt;
    return death("killed by signal 9", true);
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.trials(job, "state").at(2) == "done");
  CHECK(fixture.trials(job, "attempts").at(2) == 11);
  REQUIRE(starts.size() == 11);
  std::vector<double> waits;
  for (std::size_t i = 1; i < starts.size(); ++i) {
    waits.push_back(std::chrono::duration<double>(starts[i] - starts[i - 1]).count() - 0.4);
  }
  const std::vector<double> expected{1, 2, 4, 8, 16, 32, 60, 60, 60, 60};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(waits[i] == doctest::Approx(expected[i]));
}

TEST_CASE("a worker that cannot be started pauses the job after a while") {
  SchedulerFixture fixture;
  int starts = 0;
  fixture.world.fault = [&](const Order&, const Event&) -> std::optional<Event> {
    ++starts;
    return Event(Died{"there is no program ampd-worker", true, true});
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(starts == 5);
  CHECK(fixture.state(job) == "paused");
  CHECK(fixture.error(job) == "there is no program ampd-worker");
  fixture.world.fault = nullptr;
  fixture.scheduler().resume(job);
  fixture.run();
  CHECK(fixture.state(job) == "done");
}

TEST_CASE("while it waits a job can be paused, cancelled and shut down at once") {
  SchedulerFixture fixture;
  fixture.world.fault = [](const Order&, const Event&) { return death("killed", true); };
  const std::int64_t job = fixture.submit();
  fixture.steps(1);
  CHECK(fixture.scheduler().status().activity->phase == Phase::waiting);
  REQUIRE(fixture.scheduler().due().has_value());
  SUBCASE("paused") {
    fixture.scheduler().pause(job);
    CHECK(fixture.state(job) == "paused");
  }
  SUBCASE("cancelled") {
    fixture.scheduler().cancel(job);
    CHECK(fixture.state(job) == "cancelled");
  }
  SUBCASE("shut down") {
    fixture.scheduler().shut_down();
    CHECK(fixture.state(job) == "running");
  }
  CHECK(fixture.scheduler().is_idle());
  CHECK_FALSE(fixture.scheduler().due().has_value());
}

TEST_CASE("a worker's failure costs an attempt, two fail the trial") {
  SchedulerFixture fixture;
  int failures = 0;
  int until = 0;
  SUBCASE("one") {
    until = 1;
  }
  SUBCASE("two") {
    until = 2;
  }
  fixture.world.fault = [&](const Order& order, const Event& planned) -> std::optional<Event> {
    if (!is_evaluation_of(order, "bbb") || batch_of(planned) != 2 || failures == until) {
      return std::nullopt;
    }
    ++failures;
    return failure(ErrorCode::exhausted, "there is no memory for the weights");
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.trials(job, "state").at(1) == (until == 1 ? "done" : "failed"));
  CHECK(fixture.trials(job, "attempts").at(1) == 2);
}

TEST_CASE("a failed or invalid baseline fails the job, and a retry begins anew") {
  SchedulerFixture fixture;
  bool is_broken = true;
  fixture.world.accuracy = [&](const auto& precisions, std::int64_t batch) {
    return is_broken ? std::numeric_limits<double>::quiet_NaN() : batch_accuracy(precisions, batch);
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.state(job) == "failed");
  CHECK(fixture.error(job) == "the baseline is invalid: the accuracy is not a number");
  CHECK(fixture.show(job, "goal_met").is_null());
  is_broken = false;
  fixture.scheduler().retry(job);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.error(job).empty());
}

TEST_CASE("an accuracy that is not a number makes its trial invalid") {
  SchedulerFixture fixture;
  fixture.world.accuracy = [](const auto& precisions, std::int64_t batch) {
    return text_of(precisions) == "fbb" ? std::numeric_limits<double>::quiet_NaN()
                                        : batch_accuracy(precisions, batch);
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.trials(job, "state").at(4) == "invalid");
  CHECK(fixture.trials(job, "accuracy").at(4).is_null());
  CHECK(fixture.state(job) == "done");
}

TEST_CASE("a command that fails fails its trial at once") {
  SchedulerFixture fixture;
  Submission submission = fixture.submission();
  submission.job.evaluation = ampd::job::CommandEvaluation{{"./score.sh"}, 600};
  fixture.world.digests[submission.job.model_path.string()] = submission.model_digest;
  fixture.world.fault = [](const Order& order, const Event&) -> std::optional<Event> {
    if (is_evaluation_of(order, "fbb")) return failure(ErrorCode::not_found, "it exited with 3");
    return std::nullopt;
  };
  const std::int64_t job = fixture.scheduler().submit(submission);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "state").at(4) == "failed");
  CHECK(fixture.trials(job, "attempts").at(4) == 1);
}

TEST_CASE("a latency that cannot be measured is told and does not hold the search up") {
  SchedulerFixture fixture;
  fixture.world.fault = [](const Order& order, const Event&) -> std::optional<Event> {
    if (std::holds_alternative<ampd::protocol::Measure>(order)) return death("signal 4");
    return std::nullopt;
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.show(job, "goal_met") == 1);
  CHECK(fixture.show(job, "speedup").is_null());
  CHECK(fixture.messages(job, "warning").back() == "the latency could not be measured: signal 4");
}

TEST_CASE("data or a machine that changed pause the job with the reason") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  const std::int64_t other = fixture.submit("other");
  fixture.run_to(2, 1);
  fixture.close();
  std::string word;
  bool is_mended_by_itself = true;
  const World before = fixture.world;
  SUBCASE("the data") {
    fixture.world.digests["/data/x.npy"] = "another";
    word = "/data/x.npy";
  }
  SUBCASE("the fingerprint") {
    fixture.world.fingerprint = "cpu 2";
    word = "cpu 2";
  }
  SUBCASE("the tuning space") {
    fixture.world.space.ops.pop_back();
    word = "other operators";
  }
  SUBCASE("what the worker can read") {
    fixture.world.fault = [](const Order&, const Event&) {
      return failure(ErrorCode::not_found, "/data/x.npy does not exist");
    };
    word = "does not exist";
  }
  SUBCASE("a worker that dies of the model") {
    fixture.world.fault = [](const Order&, const Event&) { return death("signal 11"); };
    word = "signal 11";
  }
  SUBCASE("the stored trials") {
    tamper(fixture, "UPDATE trial SET accuracy = 0.5 WHERE seq = 1");
    word = "trial 1";
    is_mended_by_itself = false;
  }
  SUBCASE("the stored definition") {
    tamper(fixture, "UPDATE op SET name = 'x' WHERE job = 1 AND position = 0");
    word = "operators are damaged";
    is_mended_by_itself = false;
  }
  fixture.open();
  fixture.run();
  CHECK(fixture.state(job) == "paused");
  CHECK(fixture.error(job).find(word) != std::string::npos);
  CHECK(fixture.messages(job, "paused").back() == fixture.error(job));
  CHECK(fixture.state(other) != "queued");
  if (!is_mended_by_itself) return;
  fixture.world = before;
  fixture.scheduler().resume(job);
  fixture.run();
  CHECK(fixture.state(job) == "done");
}

TEST_CASE("data that vanishes or a machine that changes in a trial pause the job") {
  SchedulerFixture fixture;
  fixture.world.fault = [](const Order& order, const Event& planned) -> std::optional<Event> {
    if (is_evaluation_of(order, "bbf") && batch_of(planned) == 2) {
      return failure(ErrorCode::divergence, "/data/x.npy has changed");
    }
    return std::nullopt;
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.state(job) == "paused");
  CHECK(fixture.error(job) == "/data/x.npy has changed");
  CHECK(fixture.trials(job, "seq").size() == 2);

  fixture.world.fault = nullptr;
  fixture.scheduler().resume(job);
  fixture.run_to(2, 3);
  fixture.world.fingerprint = "cpu 2";
  fixture.world.fault = [](const Order& order, const Event& planned) -> std::optional<Event> {
    const auto* reply = std::get_if<Reply>(&planned);
    if (reply == nullptr || !std::holds_alternative<ampd::protocol::Evaluated>(*reply)) {
      return std::nullopt;
    }
    auto evaluated = std::get<ampd::protocol::Evaluated>(*reply);
    evaluated.fingerprint = "cpu 2";
    return is_evaluation_of(order, "bbf") ? std::optional<Event>(Reply(evaluated)) : std::nullopt;
  };
  fixture.run();
  CHECK(fixture.state(job) == "paused");
  CHECK(fixture.error(job).find("--accept-fingerprint") != std::string::npos);
}

TEST_CASE("an accepted fingerprint begins an epoch and its trial anew") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  fixture.run_to(2, 3);
  fixture.scheduler().shut_down();
  fixture.run();
  fixture.world.fingerprint = "cpu 2";
  fixture.kill_and_open();
  fixture.run();
  CHECK(fixture.state(job) == "paused");
  fixture.scheduler().resume(job);
  fixture.run();
  CHECK(fixture.state(job) == "paused");
  fixture.scheduler().resume(job, true);
  fixture.run();
  CHECK(fixture.state(job) == "done");
  CHECK(fixture.trials(job, "attempts").at(2) == 1);
  CHECK(fixture.reader().record(job).epoch == 2);
  CHECK(fixture.reader().record(job).fingerprint == "cpu 2");
  CHECK(fixture.messages(job, "epoch").size() == 1);
}

TEST_CASE("a model whose copy is gone is taken from its place if it is still the same") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  fixture.run_to(1);
  const auto definition = fixture.reader().record(job).definition;
  fixture.close();
  std::filesystem::remove(
      ampd::store::Blobs(fixture.directory().blobs()).path(definition.model_digest));
  SUBCASE("the same") {
    fixture.open();
    fixture.run();
    CHECK(fixture.state(job) == "done");
  }
  SUBCASE("another") {
    ampd::base::write_file(definition.job.model_path, "another model");
    fixture.open();
    fixture.run();
    CHECK(fixture.state(job) == "paused");
    CHECK(fixture.error(job).find("net.onnx") != std::string::npos);
  }
  SUBCASE("none") {
    std::filesystem::remove(definition.job.model_path);
    fixture.open();
    fixture.run();
    CHECK(fixture.state(job) == "paused");
    CHECK(fixture.error(job).find("net.onnx") != std::string::npos);
  }
}

TEST_CASE("answers to questions that were not asked cost an attempt") {
  SchedulerFixture fixture;
  int lies = 0;
  fixture.world.fault = [&](const Order& order, const Event&) -> std::optional<Event> {
    if (!is_evaluation_of(order, "bbb")) return std::nullopt;
    if (++lies == 1) return Event(Reply(ampd::protocol::Hashed{}));
    return Event(Reply(ampd::protocol::Stopped{}));
  };
  const std::int64_t job = fixture.submit();
  fixture.run();
  CHECK(fixture.trials(job, "state").at(1) == "failed");
  CHECK(fixture.state(job) == "done");
}

TEST_CASE("a full disk pauses the job, the scheduler answers, and it goes on when there is space") {
  SchedulerFixture undisturbed;
  const std::int64_t expected_job = undisturbed.submit();
  undisturbed.run();
  const std::string expected = undisturbed.result(expected_job);
  for (int at = 0; at < 60; at += 2) {
    CAPTURE(at);
    Faults faults;
    SchedulerFixture fixture;
    fixture.close();
    fixture.options.vfs = FaultyVfs::name();
    fixture.open();
    const std::int64_t job = fixture.submit();
    fixture.steps(std::min(at, 50));
    faults.fail(FaultyVfs::Operation::write, SQLITE_FULL);
    for (int i = 0; i < 40; ++i) fixture.step();
    const auto status = fixture.scheduler().status();
    CHECK(fixture.failures.empty());
    if (at < 50) {
      CHECK(status.stalled.find("full") != std::string::npos);
      CHECK(status.stalled_job == job);
      CHECK(fixture.scheduler().due().has_value());
      CHECK(error_of([&] { fixture.submit("other"); }).first == ErrorCode::exhausted);
    }
    faults.end();
    fixture.run();
    CHECK(fixture.scheduler().status().stalled.empty());
    CHECK(fixture.result(job) == expected);
  }
}

TEST_CASE("while the disk is full the database is tried less and less often") {
  Faults faults;
  SchedulerFixture fixture;
  fixture.close();
  fixture.options.vfs = FaultyVfs::name();
  fixture.open();
  fixture.submit();
  fixture.run_to(1);
  faults.fail(FaultyVfs::Operation::write, SQLITE_FULL);
  std::vector<std::int64_t> waits;
  while (waits.size() < 6) {
    const bool waited = !fixture.runner().is_running();
    const auto before = fixture.clock.monotonic();
    fixture.step();
    const auto wait = fixture.clock.monotonic() - before;
    if (waited) waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(wait).count());
  }
  CHECK(waits == std::vector<std::int64_t>{5, 10, 20, 40, 60, 60});
}

TEST_CASE("a job that the full disk has paused goes on at the next start, in its place") {
  SchedulerFixture fixture;
  const std::int64_t job = fixture.submit();
  fixture.submit("other");
  fixture.run_to(1);
  fixture.scheduler().shut_down();
  fixture.store().pause_for_space(job, "the disk is full",
                                  {ampd::store::EventKind::paused, "the disk is full"});
  fixture.kill_and_open();
  CHECK(fixture.state(job) == "running");
  fixture.run();
  CHECK(fixture.state(job) == "done");
}

TEST_CASE("a disk that fails ends the program before anything wrong is stored") {
  for (const auto operation : {FaultyVfs::Operation::write, FaultyVfs::Operation::sync}) {
    Faults faults;
    SchedulerFixture fixture;
    fixture.close();
    fixture.options.vfs = FaultyVfs::name();
    fixture.open();
    const std::int64_t job = fixture.submit();
    fixture.run_to(2, 1);
    faults.fail(operation,
                operation == FaultyVfs::Operation::sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE);
    fixture.run();
    REQUIRE(fixture.failures.size() == 1);
    CHECK(fixture.failures[0].find("ampd.db") != std::string::npos);
    CHECK(error_of([&] { fixture.scheduler().pause(job); }).first == ErrorCode::io);
    CHECK(fixture.scheduler().is_idle());
    faults.end();
    fixture.kill_and_open();
    fixture.run();
    CHECK(fixture.state(job) == "done");
  }
}

TEST_CASE("whichever write or sync fails, the next start ends as if it had not") {
  SchedulerFixture undisturbed;
  const std::int64_t expected_job = undisturbed.submit();
  undisturbed.run();
  const std::string expected = undisturbed.result(expected_job);
  for (const auto operation : {FaultyVfs::Operation::write, FaultyVfs::Operation::sync}) {
    bool was_reached = true;
    for (int at = 0; was_reached; at += 5) {
      CAPTURE(at);
      Faults faults;
      SchedulerFixture fixture;
      fixture.close();
      fixture.options.vfs = FaultyVfs::name();
      fixture.open();
      const std::int64_t job = fixture.submit();
      was_reached = false;
      FaultyVfs::fault = [&, count = 0](FaultyVfs::Operation next) mutable {
        if (next != operation || count++ < at) return SQLITE_OK;
        was_reached = true;
        return SQLITE_IOERR;
      };
      fixture.run();
      CHECK(fixture.failures.empty() != was_reached);
      faults.end();
      fixture.kill_and_open();
      fixture.run();
      CHECK(fixture.result(job) == expected);
    }
  }
}

TEST_CASE("a user's order that meets a failing disk is refused, and ends the process too") {
  for (const char* order : {"pause", "cancel", "finish"}) {
    CAPTURE(order);
    SchedulerFixture fixture;
    fixture.close();
    fixture.options.vfs = FaultyVfs::name();
    fixture.open();
    fixture.submit();
    const std::int64_t waiting = fixture.submit("waiting");
    Faults faults;
    faults.fail(FaultyVfs::Operation::sync, SQLITE_IOERR_FSYNC);
    const auto [code, sentence] = error_of([&] {
      if (order == std::string("pause")) fixture.scheduler().pause(waiting);
      if (order == std::string("cancel")) fixture.scheduler().cancel(waiting);
      if (order == std::string("finish")) fixture.scheduler().finish(waiting);
    });
    CHECK(code == ErrorCode::io);
    CHECK(fixture.failures == std::vector<std::string>{sentence});
    faults.end();
    fixture.kill_and_open();
    CHECK(fixture.state(waiting) == "queued");
  }
}
