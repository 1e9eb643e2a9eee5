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
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

#include "ampd/error.hpp"
#include "base/clock.hpp"
#include "runner/runner.hpp"
#include "scheduler/activity.hpp"
#include "scheduler/orders.hpp"
#include "scheduler/submission.hpp"
#include "store/store.hpp"

namespace ampd::scheduler {

class JobRun;

/// Called as things happen; must not call the scheduler.
struct Observer {
  std::function<void(const store::Event&)> event;  // after it is stored
  std::function<void(const Activity&)> progress;   // a batch, or another phase
  std::function<void()> idle;                      // no order runs and none is to be started
  /// The store cannot be written, and why; due() tells when that is tried again.
  std::function<void(const std::string&)> stalled;
  /// The store failed for another reason than a full disk: the program should end.
  std::function<void(const Error&)> failure;
};

class Scheduler {
 public:
  Scheduler(store::Store& store, runner::Runner& runner, const base::Clock& clock,
            Observer observer = {});
  ~Scheduler();

  /// Of evaluations that begin from now on.
  void set_pass_limits(const PassLimits& limits) { limits_ = limits; }

  /// Goes on with the jobs that the last process left unfinished; before this, nothing runs. With
  /// `only` that job alone runs, whatever else is queued. Call once.
  void start(std::optional<std::int64_t> only = std::nullopt);

  /// Queues a job and returns its id. Throws Error: invalid or unsupported (constraints, an empty
  /// space), conflict (the model is not the one that was hashed).
  std::int64_t submit(const Submission& submission);

  // The verbs throw Error: not_found; conflict naming the job's state when it is the wrong one;
  // exhausted when the disk is full, and then nothing has changed; io when the store has failed,
  // and then the observer is told too.

  /// Of a queued or running job: a batch that runs ends first and is kept.
  void pause(std::int64_t job);

  /// Of a paused job: to the queue's end. With `accept_fingerprint` it goes on even if this machine
  /// is not the one that its trials were made on; the trial under way begins anew.
  void resume(std::int64_t job, bool accept_fingerprint = false);

  /// Of a queued, running or paused job: at once, without waiting for the batch.
  void cancel(std::int64_t job);

  /// Of a queued, running or paused job: the search ends with its best so far, which is measured.
  void finish(std::int64_t job);

  /// Of a cancelled job: it goes on from its last checkpoint. Of a failed one, which has nothing
  /// but a baseline that failed: it begins anew.
  void retry(std::int64_t job);

  /// Of any job but a running one: with its trials; its events stay.
  void remove(std::int64_t job);

  /// What ailed the store while somebody else read it: an I/O error ends this process too.
  void report(const Error& error);

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
  enum class Life : std::uint8_t { waiting_for_start, working, shutting_down, failed };

  std::optional<std::int64_t> next_job() const;
  void start_next();
  void settle(const std::function<void()>& work);
  void guard(const std::function<void()>& work);
  template <typename Work>
  auto ask_store(Work work);
  void on_error(const Error& error);
  void stall(const Error& error);
  void end_stall();
  void drop_run(std::int64_t job);
  JobRun* run_of(std::int64_t job);
  store::JobState require_state(std::int64_t job, std::initializer_list<store::JobState> states,
                                const std::string& verb);
  void require_working() const;

  store::Store& store_;
  runner::Runner& runner_;
  const base::Clock& clock_;
  Observer observer_;
  PassLimits limits_;
  Life life_ = Life::waiting_for_start;
  std::optional<std::int64_t> only_;      // start() was told to run this job alone
  std::optional<std::int64_t> verified_;  // its inputs were looked at by its submission
  std::unique_ptr<JobRun> run_;
  std::string stalled_;
  std::optional<std::int64_t> stalled_job_;
  std::chrono::nanoseconds stall_delay_{0};
  std::optional<std::chrono::nanoseconds> stalled_at_;
  std::optional<std::chrono::nanoseconds> stall_ends_at_;
  bool was_idle_ = false;
};

}  // namespace ampd::scheduler
