#include "scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "job/job_file.hpp"
#include "scheduler/job_run.hpp"

namespace ampd::scheduler {
namespace {

using store::EventKind;
using store::EventLevel;
using store::JobState;

constexpr std::chrono::nanoseconds shortest_stall = std::chrono::seconds(5);
constexpr std::chrono::nanoseconds longest_stall = std::chrono::seconds(60);

std::string copy_model(const store::Blobs& blobs, const Submission& submission) {
  const std::filesystem::path& path = submission.job.model_path;
  if (blobs.contains(submission.model_digest) && blobs.is_whole(submission.model_digest)) {
    return submission.model_digest;
  }
  if (blobs.add_file(path, base::limits::model_bytes) != submission.model_digest) {
    throw Error(ErrorCode::conflict,
                path.string() + " changed while it was being submitted; submit the job again");
  }
  return submission.model_digest;
}

std::vector<store::Note> submission_notes(const Submission& submission, const TuningSpace& space) {
  std::int64_t free_ops = 0;
  for (std::size_t i = 0; i < space.ops.size(); ++i) free_ops += space.is_free(i) ? 1 : 0;
  std::vector<store::Note> notes{{EventKind::submitted, "the job is queued"}};
  const auto warn = [&](std::string message) {
    notes.push_back({EventKind::warning, std::move(message), EventLevel::warning});
  };
  if (const auto warning = job::trial_limit_warning(submission.job, free_ops)) warn(*warning);
  if (submission.is_emulated && submission.job.settings.objective == Objective::performance) {
    warn("this processor computes " + std::string(to_string(space.target)) +
         " in fp32: accuracies are right, speedups say nothing of processors that do not");
  }
  return notes;
}

}  // namespace

Scheduler::Scheduler(store::Store& store, runner::Runner& runner, const base::Clock& clock,
                     Observer observer)
    : store_(store), runner_(runner), clock_(clock), observer_(std::move(observer)) {
  if (observer_.event) store_.listen(observer_.event);
}

Scheduler::~Scheduler() {
  if (run_ && runner_.is_running()) runner_.kill();
  if (observer_.event) store_.listen(nullptr);
}

void Scheduler::start(std::optional<std::int64_t> only) {
  AMPD_CHECK(life_ == Life::waiting_for_start);
  life_ = Life::working;
  only_ = only;
  settle([&] { end_stall(); });
}

/// A user's order: what ails the store is his answer, and the end of this process where it must be.
template <typename Work>
auto Scheduler::ask_store(Work work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::io || error.code() == ErrorCode::corrupt) on_error(error);
    throw;
  }
}

void Scheduler::report(const Error& error) {
  if (error.code() == ErrorCode::io && life_ != Life::failed) on_error(error);
}

std::int64_t Scheduler::submit(const Submission& submission) {
  require_working();
  store::JobDefinition definition;
  definition.job = submission.job;
  definition.inputs = submission.inputs;
  definition.owner_uid = submission.owner_uid;
  definition.space = submission.space;
  job::apply_constraints(submission.job, definition.space);
  const tuning::Search valid(definition.space, submission.job.settings);
  definition.job_file_digest = store_.blobs().add_text(submission.job_file);
  definition.model_digest = copy_model(store_.blobs(), submission);
  const std::int64_t job = ask_store([&] {
    return store_.add(definition, submission.fingerprint,
                      submission_notes(submission, valid.space()));
  });
  if (!run_) verified_ = job;
  settle([] {});
  return job;
}

void Scheduler::pause(std::int64_t job) {
  require_state(job, {JobState::queued, JobState::running}, "paused");
  ask_store([&] {
    store_.set_state(job, JobState::paused, "paused by a user",
                     {EventKind::paused, "paused by a user"});
  });
  settle([&] {
    if (JobRun* run = run_of(job)) run->stop();
  });
}

void Scheduler::resume(std::int64_t job, bool accept_fingerprint) {
  require_state(job, {JobState::paused}, "resumed");
  ask_store([&] {
    store_.resume(job, accept_fingerprint, {EventKind::resumed, "resumed by a user"});
  });
  settle([] {});
}

void Scheduler::cancel(std::int64_t job) {
  require_state(job, {JobState::queued, JobState::running, JobState::paused}, "cancelled");
  ask_store([&] {
    store_.set_state(job, JobState::cancelled, "", {EventKind::cancelled, "cancelled by a user"});
  });
  settle([&] { drop_run(job); });
}

void Scheduler::finish(std::int64_t job) {
  const JobState state =
      require_state(job, {JobState::queued, JobState::running, JobState::paused}, "finished");
  const std::string reason = "a user ended the search";
  if (JobRun* run = run_of(job); run != nullptr && state == JobState::running) {
    return settle([&] { run->end_early(reason); });
  }
  ask_store([&] {
    store_.end_early(job, {EventKind::warning, reason});
    if (state == JobState::paused) store_.resume(job, false, {EventKind::resumed, reason});
  });
  settle([] {});
}

void Scheduler::retry(std::int64_t job) {
  require_state(job, {JobState::failed, JobState::cancelled}, "tried again");
  ask_store([&] { store_.retry(job, {EventKind::retried, "a user has it tried again"}); });
  settle([] {});
}

void Scheduler::remove(std::int64_t job) {
  require_state(
      job,
      {JobState::queued, JobState::paused, JobState::done, JobState::failed, JobState::cancelled},
      "removed");
  ask_store([&] { store_.remove(job, {EventKind::removed, "removed by a user"}); });
  settle([&] { drop_run(job); });
}

void Scheduler::shut_down() {
  if (life_ == Life::failed) return;
  life_ = Life::shutting_down;
  settle([&] {
    if (run_) run_->stop();
  });
}

bool Scheduler::is_idle() const {
  if (run_) return false;
  return life_ != Life::working || (!stall_ends_at_ && !next_job());
}

std::optional<std::chrono::nanoseconds> Scheduler::due() const {
  if (life_ != Life::working) return std::nullopt;
  if (stall_ends_at_) return stall_ends_at_;
  return run_ ? run_->due() : std::nullopt;
}

void Scheduler::advance() {
  settle([&] {
    if (stall_ends_at_ && clock_.monotonic() >= *stall_ends_at_) end_stall();
    if (run_) run_->advance();
  });
}

Status Scheduler::status() const {
  Status status;
  if (run_) status.activity = run_->activity();
  status.queue = store_.queue();
  std::erase(status.queue, run_ ? run_->job() : 0);
  status.stalled = stalled_;
  status.stalled_job = stalled_job_;
  return status;
}

std::optional<std::int64_t> Scheduler::next_job() const {
  if (!only_) return store_.next_in_queue();
  const std::vector<std::int64_t> queue = store_.queue();
  return std::ranges::find(queue, *only_) != queue.end() ? only_ : std::nullopt;
}

void Scheduler::start_next() {
  const std::optional<std::int64_t> job = next_job();
  if (!job) return;
  const auto listener = [this](runner::Event event) { settle([&] { run_->handle(event); }); };
  const bool is_verified = std::exchange(verified_, std::nullopt) == job;
  try {
    run_ = std::make_unique<JobRun>(
        JobRun::Surroundings{store_, runner_, clock_, listener, observer_.progress, limits_},
        store_.reader().record(*job), is_verified);
  } catch (const Error& error) {
    const bool is_of_job =
        error.code() == ErrorCode::corrupt || error.code() == ErrorCode::unsupported;
    if (!is_of_job) throw;
    store_.set_state(*job, JobState::paused, error.what(),
                     {EventKind::paused, error.what(), EventLevel::error});
    return;
  }
  run_->start();
}

/// Does `work`, then what follows from it: an ended run goes, the next job starts.
void Scheduler::settle(const std::function<void()>& work) {
  guard([&] {
    work();
    while (life_ != Life::failed && (!run_ || run_->is_over())) {
      run_.reset();
      if (life_ != Life::working || stall_ends_at_ || !next_job()) break;
      start_next();
    }
  });
  guard([&] {
    const bool idle = is_idle();
    if (idle && !was_idle_ && observer_.idle) observer_.idle();
    was_idle_ = idle;
  });
}

void Scheduler::guard(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    on_error(error);
  }
}

/// Errors of a job are dealt with in its run: what comes here is the store's.
void Scheduler::on_error(const Error& error) {
  if (runner_.is_running()) runner_.kill();
  if (error.code() == ErrorCode::exhausted || error.code() == ErrorCode::busy) return stall(error);
  run_.reset();
  life_ = Life::failed;
  if (observer_.failure) observer_.failure(error);
}

/// The store cannot be written for now. The job is paused, in memory if need be.
void Scheduler::stall(const Error& error) {
  stalled_ = error.what();
  stalled_job_ = run_ ? std::optional(run_->job()) : stalled_job_;
  run_.reset();
  const auto now = clock_.monotonic();
  const bool is_again = stalled_at_ && now - *stalled_at_ < 2 * longest_stall;
  stall_delay_ = is_again ? std::min(2 * stall_delay_, longest_stall) : shortest_stall;
  stalled_at_ = now;
  stall_ends_at_ = now + stall_delay_;
  if (observer_.stalled) observer_.stalled(stalled_);
  if (!stalled_job_ || error.code() == ErrorCode::busy) return;
  try {
    store_.pause_for_space(*stalled_job_, stalled_,
                           {EventKind::paused, stalled_, EventLevel::warning});
  } catch (const Error& again) {
    if (again.code() != ErrorCode::exhausted && again.code() != ErrorCode::busy) on_error(again);
  }
}

/// Throws Error when the store still cannot be written.
void Scheduler::end_stall() {
  for (const std::int64_t job : store_.waiting_for_space()) {
    store_.resume(job, false, {EventKind::resumed, "there is space again"});
  }
  stalled_.clear();
  stalled_job_.reset();
  stall_ends_at_.reset();
}

void Scheduler::drop_run(std::int64_t job) {
  if (run_of(job) == nullptr) return;
  if (runner_.is_running()) runner_.kill();
  run_.reset();
}

JobRun* Scheduler::run_of(std::int64_t job) {
  return run_ && run_->job() == job ? run_.get() : nullptr;
}

JobState Scheduler::require_state(std::int64_t job, std::initializer_list<JobState> states,
                                  const std::string& verb) {
  require_working();
  const std::string word = ask_store([&] { return store_.reader().job(job).at("state"); });
  const JobState state = store::parse_job_state(word).value();
  if (std::ranges::find(states, state) == states.end()) {
    throw Error(ErrorCode::conflict,
                "job " + std::to_string(job) + " is " + word + " and cannot be " + verb);
  }
  return state;
}

void Scheduler::require_working() const {
  if (life_ == Life::failed) {
    throw Error(ErrorCode::io, "the database has failed and ampd is about to stop");
  }
}

}  // namespace ampd::scheduler
