// The one loop where search, store and execution meet.
//
// One job runs at a time, the others queue behind it. For each trial: the proposal is stored, the
// order goes to the runner, checkpoints are stored as they come, the outcome is stored and handed
// to the search. Whatever dies at whatever moment, the next start goes on from what is stored and
// ends with the same trials.
//
// It has no thread and no timer of its own: everything happens inside its calls and the runner's
// callbacks, on one thread. Its owner calls `advance` when `due` has come. It starts the next order
// from within the callback that ends the last one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "ampd/error.hpp"
#include "base/clock.hpp"
#include "runner/runner.hpp"
#include "scheduler/activity.hpp"
#include "scheduler/submission.hpp"
#include "store/store.hpp"

namespace ampd::scheduler {

class JobRun;

/// Called as things happen; must not call the scheduler.
struct Observer {
  std::function<void(const store::Event&)> event;  // after it is stored
  std::function<void(const Activity&)> progress;   // a batch, or another phase
  std::function<void()> idle;                      // no order runs and none is to be started
  /// The store failed for another reason than a full disk: the program should end.
  std::function<void(const Error&)> failure;
};

class Scheduler {
 public:
  Scheduler(store::Store& store, runner::Runner& runner, const base::Clock& clock,
            Observer observer = {});
  ~Scheduler();

  /// Goes on with the jobs that the last process left unfinished. Call once.
  void start();

  /// Queues a job and returns its id. Throws Error: invalid or unsupported (constraints, an empty
  /// space), conflict (the model is not the one that was hashed).
  std::int64_t submit(const Submission& submission);

  /// These throw Error: not_found, or conflict naming the job's state when it is the wrong one.
  void pause(std::int64_t job);  // queued or running; a running batch ends first
  void resume(std::int64_t job, bool accept_fingerprint = false);  // paused
  void cancel(std::int64_t job);  // queued, running or paused; at once
  void finish(std::int64_t job);  // queued, running or paused: ends the search with its best so far
  void retry(std::int64_t job);   // failed or cancelled: goes on where it was
  void remove(std::int64_t job);  // not running

  /// Saves and stops after the running batch; jobs stay as they are for the next start. Then
  /// `observer.idle` is called and `is_idle` holds.
  void shut_down();

  /// Whether no order runs and none is to be started.
  bool is_idle() const;

  /// The time on the monotonic clock at which `advance` is to be called, if there is one.
  std::optional<std::chrono::nanoseconds> due() const;
  void advance();

  Status status() const;

 private:
  store::Store& store_;
  runner::Runner& runner_;
  const base::Clock& clock_;
  Observer observer_;
  std::unique_ptr<JobRun> run_;
};

}  // namespace ampd::scheduler
