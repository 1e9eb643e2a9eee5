// A scheduler with a scripted worker, a manual clock and a store on disk, which can be killed.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/scripted_runner.hpp"
#include "store/store_fixture.hpp"

/// Each operator below fp32 costs accuracy, the first one least; batches differ a little.
double batch_accuracy(const ampd::protocol::Precisions& precisions, std::int64_t batch);

ampd::protocol::Measured latency_by_ops(const ampd::protocol::Precisions& precisions);

class SchedulerFixture {
 public:
  explicit SchedulerFixture(std::size_t op_count = 3,
                            const ampd::store::StoreOptions& store_options = {});

  /// Everything in memory is gone; what is on disk is opened by a new process.
  void kill_and_open();
  void close();
  void open();
  void open_without_start();

  ampd::scheduler::Submission submission(const std::string& name = "net");
  std::int64_t submit(const std::string& name = "net");

  /// One callback, or the time that the scheduler waits for. False: nothing is left to do. Who
  /// waits for that time must be told of something when it changes.
  bool step();
  void steps(int count);
  /// Until nothing is left to do; returns the number of steps.
  int run();
  /// Until the worker evaluates trial `seq` and has done `batches` of it.
  void run_to(std::int64_t seq, std::int64_t batches = 0);

  ampd::scheduler::Scheduler& scheduler() { return *scheduler_; }
  ampd::store::Store& store() { return *store_; }
  const ampd::store::Reader& reader() { return store_->reader(); }
  ScriptedRunner& runner() { return *runner_; }
  ampd::store::StateDirectory directory() const;

  ampd::store::Row show(std::int64_t job, const std::string& key);
  std::string state(std::int64_t job) { return show(job, "state"); }
  std::string error(std::int64_t job);
  std::vector<ampd::store::Row> trials(std::int64_t job, const std::string& key);
  std::vector<std::string> messages(std::int64_t job, const std::string& kind);

  /// All of a job that must not depend on what happened on the way.
  std::string result(std::int64_t job);

  TemporaryFolder folder;
  ManualClock clock;
  World world;
  ampd::store::StoreOptions options;
  std::function<void(const ampd::store::Event&)> on_event;
  std::vector<ampd::scheduler::Activity> activities;
  std::vector<std::string> failures;
  int idles = 0;

 private:
  bool is_told_ = false;  // of anything, during a callback
  std::unique_ptr<ampd::store::Store> store_;
  std::unique_ptr<ScriptedRunner> runner_;
  std::unique_ptr<ampd::scheduler::Scheduler> scheduler_;
};
