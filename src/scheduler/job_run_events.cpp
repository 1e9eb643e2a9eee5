#include <algorithm>
#include <cmath>
#include <utility>

#include "ampd/error.hpp"
#include "base/json.hpp"
#include "job/job.hpp"
#include "scheduler/job_run.hpp"
#include "scheduler/orders.hpp"
#include "scheduler/sentences.hpp"
#include "tuning/aborted_outcome.hpp"

namespace ampd::scheduler {
namespace {

using store::EventKind;
using store::EventLevel;

constexpr std::chrono::seconds checkpoint_interval{1};
constexpr std::chrono::seconds longest_back_off{60};
constexpr int attempts_max = 2;       // without progress
constexpr int failed_starts_max = 5;  // of workers, in a row

/// Whether the failure says that the job's inputs are not what they were, or cannot be read.
bool concerns_inputs(ErrorCode code) {
  switch (code) {
    case ErrorCode::divergence:
    case ErrorCode::corrupt:
    case ErrorCode::not_found:
    case ErrorCode::denied:
    case ErrorCode::io:
      return true;
    default:
      return false;
  }
}

std::optional<std::int64_t> if_positive(std::int64_t number) {
  return number > 0 ? std::optional(number) : std::nullopt;
}

store::Latency latency_of(const protocol::Latency& latency) {
  return {latency.median_ns, latency.p10_ns, latency.p90_ns};
}

std::int64_t model_bytes(const TuningSpace& space, const TuneConfig& config) {
  std::int64_t bytes = space.other_weight_count * size_bytes(Precision::fp32);
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    bytes += space.ops[i].weight_count * size_bytes(config.precisions[i]);
  }
  return bytes;
}

}  // namespace

void JobRun::handle(const runner::Event& event) {
  if (const auto* died = std::get_if<runner::Died>(&event)) return on_died(*died);
  const auto& reply = std::get<protocol::Reply>(event);
  if (const auto* progress = std::get_if<protocol::Progress>(&reply)) return on_progress(*progress);
  if (const auto* checkpoint = std::get_if<protocol::Checkpoint>(&reply)) {
    return on_checkpoint(*checkpoint);
  }
  failed_starts_ = 0;
  on_final(reply);
}

void JobRun::on_progress(const protocol::Progress& progress) {
  account_time();
  if (progress.batches_done > progress_.batches_done) deaths_in_a_row_ = 0;
  progress_ = progress;
  if (step_ == Step::evaluating && is_time_up() && !is_time_over_) {
    is_time_over_ = true;
    surroundings_.runner.stop();
  }
  tell_progress();
}

void JobRun::on_checkpoint(const protocol::Checkpoint& checkpoint) {
  if (step_ != Step::evaluating) return;
  account_time();
  pass_.checkpoint = checkpoint.state.dump();
  pass_.batches_done = std::max(pass_.batches_done, progress_.batches_done);
  is_checkpoint_saved_ = false;
  const auto now = surroundings_.clock.monotonic();
  const auto next = now + (now - std::exchange(checkpoint_told_at_, now));
  if (next - checkpoint_saved_at_ > checkpoint_interval) save_checkpoint();
}

void JobRun::save_checkpoint() {
  if (is_checkpoint_saved_) return;
  store_.save_pass(record_.id, pass_);
  is_checkpoint_saved_ = true;
  checkpoint_saved_at_ = surroundings_.clock.monotonic();
}

void JobRun::on_final(const protocol::Reply& reply) {
  account_time();
  is_working_ = false;
  if (std::holds_alternative<protocol::Stopped>(reply)) return on_stopped();
  if (const auto* failed = std::get_if<protocol::Failed>(&reply)) return on_failed(*failed);
  const auto* hashed = std::get_if<protocol::Hashed>(&reply);
  if (hashed != nullptr && step_ == Step::hashing) return on_hashed(*hashed);
  const auto* inspected = std::get_if<protocol::Inspected>(&reply);
  if (inspected != nullptr && step_ == Step::inspecting) return on_inspected(*inspected);
  const auto* evaluated = std::get_if<protocol::Evaluated>(&reply);
  if (evaluated != nullptr && step_ == Step::evaluating) return on_evaluated(*evaluated);
  const auto* measured = std::get_if<protocol::Measured>(&reply);
  if (measured != nullptr && step_ == Step::measuring) return on_measured(*measured);
  fail_attempt("the worker answered another question than it was asked", {});
}

void JobRun::on_stopped() {
  if (step_ == Step::evaluating) {
    is_checkpoint_saved_ = false;
    save_checkpoint();
  }
  if (is_stopping_) {
    is_over_ = true;
  } else if (is_time_over_) {
    end_early("the time-out has come");
  } else {
    fail_attempt("the worker stopped without being asked to", {});
  }
}

void JobRun::on_hashed(const protocol::Hashed& hashed) {
  const std::vector<std::string> expected = expected_digests(record_.definition);
  const auto paths = hash_order(record_.definition, store_.blobs()).paths;
  if (hashed.digests.size() != expected.size()) {
    return fail_attempt("the worker hashed other files than it was asked for", {});
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (hashed.digests[i] != expected[i]) {
      return pause(paths[i].string() +
                   " is not what it was when the job was submitted; put the old content back and "
                   "resume the job, or submit it again");
    }
  }
  step_ = Step::inspecting;
  failed_attempts_ = 0;
  take_step();
}

void JobRun::on_inspected(const protocol::Inspected& inspected) {
  TuningSpace space = inspected.space;
  try {
    job::apply_constraints(record_.definition.job, space);
  } catch (const Error& error) {
    return pause(error.what());
  }
  if (space != record_.definition.space) {
    return pause(
        "other operators or precisions can be tuned here than where the job was submitted; go on "
        "there, or submit it again");
  }
  failed_attempts_ = 0;
  if (inspected.fingerprint == record_.fingerprint) return begin();
  if (!record_.accepts_fingerprint) return pause(fingerprint_reason(inspected.fingerprint));
  store_.start_epoch(record_.id, inspected.fingerprint,
                     {EventKind::epoch, "from here on the job runs on " + inspected.fingerprint +
                                            " instead of " + record_.fingerprint});
  record_ = store_.reader().record(record_.id);
  begin();
}

void JobRun::on_evaluated(const protocol::Evaluated& evaluated) {
  if (!is_command() && evaluated.fingerprint != record_.fingerprint) {
    return pause(fingerprint_reason(evaluated.fingerprint));
  }
  failed_attempts_ = 0;
  company_max_ = std::min(2 * company_max_, surroundings_.limits.trials);
  for (std::size_t i = 0; i < evaluated.verdicts.size(); ++i) {
    ready_.push_back(outcome_of(evaluated.verdicts[i], company_.at(i).config));
  }
  company_.erase(company_.begin() + std::ssize(ready_), company_.end());
  shared_seconds_ = pass_.seconds;
  Outcome first = std::move(ready_.front());
  ready_.pop_front();
  settle(std::move(first));
}

Outcome JobRun::outcome_of(const protocol::Verdict& verdict, const TuneConfig& config) const {
  Outcome outcome;
  outcome.state = std::isnan(verdict.accuracy) ? TrialState::invalid : TrialState::done;
  if (verdict.aborted_after) {
    outcome = tuning::aborted_outcome(verdict.accuracy, *verdict.aborted_after,
                                      search().accuracy_needed().value());
  }
  if (outcome.state == TrialState::done) outcome.accuracy = verdict.accuracy;
  if (outcome.state == TrialState::invalid) outcome.reason = "the accuracy is not a number";
  outcome.model_bytes = is_command() ? model_bytes(record_.definition.space, config)
                                     : if_positive(verdict.model_bytes);
  outcome.footprint_bytes = if_positive(verdict.footprint_bytes);
  return outcome;
}

bool JobRun::wants_latency(const TuneConfig& config, const Outcome& outcome) const {
  return search().settings().objective == Objective::performance &&
         search().meets_goal(config, outcome);
}

void JobRun::on_measured(const protocol::Measured& measured) {
  const Speedup& speedup = measured.speedup;
  const bool is_speedup = speedup.low <= speedup.median && speedup.median <= speedup.high;
  if (measured.config.median_ns <= 0 || measured.baseline.median_ns <= 0 || !is_speedup) {
    return fail_attempt("the worker measured a latency that is none", {});
  }
  const store::Measurement measurement{latency_of(measured.config), latency_of(measured.baseline)};
  if (!outcome_) {
    const std::int64_t best = search().best_seq().value();
    store_.add_measurement(record_.id, best, measurement, measurement_note(best, measurement));
    return end();
  }
  outcome_->latency_ns = measurement.config.median_ns;
  outcome_->speedup = measured.speedup;
  commit(std::move(*outcome_), measurement);
}

void JobRun::on_failed(const protocol::Failed& failed) {
  const std::string sentence = base::valid_utf8(failed.sentence);
  if (is_command() && step_ == Step::evaluating) return give_up(sentence);
  if (concerns_inputs(failed.code)) return pause(sentence);
  fail_attempt(sentence, {});
}

void JobRun::on_died(const runner::Died& died) {
  account_time();
  is_working_ = false;
  if (step_ == Step::evaluating) save_checkpoint();
  const std::string reason = base::valid_utf8(died.reason);
  failed_starts_ = died.not_started ? failed_starts_ + 1 : 0;
  if (failed_starts_ >= failed_starts_max) return pause(reason);
  const std::chrono::nanoseconds delay = back_off();
  died.by_outside ? retry(reason, delay) : fail_attempt(reason, delay);
}

void JobRun::fail_attempt(const std::string& reason, std::chrono::nanoseconds delay) {
  if (step_ != Step::evaluating) {
    return ++failed_attempts_ < attempts_max ? retry(reason, delay) : give_up(reason);
  }
  if (company_.size() > 1) company_max_ = 1;
  const bool is_further = progress_.batches_done > pass_.furthest_batch;
  pass_.furthest_batch = std::max(pass_.furthest_batch, progress_.batches_done);
  pass_.stalls = is_further ? 1 : pass_.stalls + 1;
  pass_.stalls < attempts_max ? retry(reason, delay) : give_up(reason);
}

void JobRun::retry(const std::string& reason, std::chrono::nanoseconds delay) {
  const store::Note note{EventKind::retried, reason + "; it is tried again", EventLevel::warning};
  if (step_ == Step::evaluating) {
    store_.save_pass(record_.id, pass_, {note});
  } else {
    store_.add_event(record_.id, note);
  }
  if (is_stopping_) {
    is_over_ = true;
    return;
  }
  due_ = surroundings_.clock.monotonic() + delay;
  tell_progress();
}

void JobRun::give_up(const std::string& reason) {
  if (step_ == Step::evaluating) {
    Outcome outcome;
    outcome.state = TrialState::failed;
    outcome.reason = reason;
    return commit(std::move(outcome), std::nullopt);
  }
  if (step_ != Step::measuring) return pause(reason);
  store_.add_event(record_.id, {EventKind::warning, "the latency could not be measured: " + reason,
                                EventLevel::warning});
  if (outcome_) return commit(std::move(*outcome_), std::nullopt);
  is_unmeasurable_ = true;
  end();
}

std::chrono::nanoseconds JobRun::back_off() {
  const int doublings = std::min(deaths_in_a_row_++, 6);
  return std::min<std::chrono::nanoseconds>(std::chrono::seconds(1LL << doublings),
                                            longest_back_off);
}

std::string JobRun::fingerprint_reason(const std::string& fingerprint) const {
  return "accuracies of this machine (" + base::valid_utf8(fingerprint) +
         ") may differ from those of the job's trials (" + record_.fingerprint +
         "); go on where they were made, or accept this with `ampctl resume " +
         std::to_string(record_.id) + " --accept-fingerprint`";
}

Activity JobRun::activity() const {
  Activity activity;
  activity.job = record_.id;
  activity.phase = step_ == Step::measuring    ? Phase::measuring
                   : step_ == Step::evaluating ? Phase::evaluating
                                               : Phase::verifying;
  if (due_) activity.phase = Phase::waiting;
  if (is_stopping_) activity.phase = Phase::stopping;
  if (!history_) return activity;
  activity.stage = proposal_ ? proposal_->stage : search().stage();
  activity.trials_done = std::ssize(search().trials());
  activity.seq = proposal_ ? proposal_->seq : activity.trials_done - 1;
  activity.trials_at_most =
      std::min(search().trials_at_most(), search().settings().exit_policy.max_trials + 1);
  activity.batches_done = std::max(progress_.batches_done, std::int64_t{0});
  activity.batches = std::max(progress_.batches, std::int64_t{0});
  activity.accuracy = progress_.accuracy;
  activity.trials_together = progress_.configs;
  const double seconds_of_trial = proposal_ ? pass_.seconds : 0;
  activity.seconds_used = seconds_recorded_ + seconds_of_trial;
  activity.eta_seconds = eta_seconds(activity, seconds_of_trial);
  return activity;
}

std::optional<double> JobRun::eta_seconds(const Activity& activity, double seconds_of_trial) const {
  const double done_share = activity.batches > 0 ? static_cast<double>(activity.batches_done) /
                                                       static_cast<double>(activity.batches)
                                                 : 0;
  const double trials = static_cast<double>(activity.trials_done) +
                        done_share * static_cast<double>(activity.trials_together);
  if (!(trials > 0)) return std::nullopt;
  const double seconds_per_trial = (seconds_recorded_ + seconds_of_trial) / trials;
  double seconds = seconds_per_trial * (static_cast<double>(activity.trials_at_most) - trials);
  const double timeout_seconds = search().settings().exit_policy.timeout_seconds;
  if (timeout_seconds > 0) seconds = std::min(seconds, timeout_seconds - activity.seconds_used);
  return std::max(seconds, 0.0);
}

}  // namespace ampd::scheduler
