#include "scheduler/job_run.hpp"

#include <algorithm>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/limits.hpp"
#include "scheduler/orders.hpp"
#include "scheduler/sentences.hpp"
#include "tuning/company.hpp"

namespace ampd::scheduler {

using store::EventKind;
using store::EventLevel;

namespace {

/// Whether the failure is the store's own, and not one of this job.
bool concerns_store(ErrorCode code) {
  return code == ErrorCode::exhausted || code == ErrorCode::busy || code == ErrorCode::io;
}

}  // namespace

JobRun::JobRun(Surroundings surroundings, store::JobRecord record, bool is_verified)
    : surroundings_(std::move(surroundings)),
      store_(surroundings_.store),
      record_(std::move(record)),
      step_(is_verified ? Step::evaluating : Step::hashing),
      company_max_(surroundings_.limits.trials) {}

void JobRun::start() {
  store_.set_state(record_.id, store::JobState::running, "",
                   {EventKind::started, "the job is taken up"});
  if (step_ == Step::hashing) {
    take_step();
  } else {
    begin();
  }
}

void JobRun::take_step() {
  const store::JobDefinition& definition = record_.definition;
  const store::Blobs& blobs = store_.blobs();
  switch (step_) {
    case Step::hashing:
      try {
        restore_model(definition, blobs);
      } catch (const Error& error) {
        if (concerns_store(error.code())) throw;
        return pause(error.what());
      }
      return ask(hash_order(definition, blobs));
    case Step::inspecting:
      return ask(inspect_order(definition.job, model_of(definition, blobs)));
    case Step::evaluating:
      return evaluate();
    case Step::measuring:
      return measure();
  }
}

void JobRun::ask(protocol::Order order) {
  is_working_ = true;
  working_since_ = surroundings_.clock.monotonic();
  surroundings_.runner.start(
      std::move(order), record_.definition.job.threads,
      [listener = surroundings_.listener](runner::Event event,
                                          std::vector<base::FileDescriptor> /*unused*/) {
        listener(std::move(event));
      });
  tell_progress();
}

void JobRun::begin() {
  try {
    history_ = store_.history(record_);
    shared_outcomes_ = store_.shared_outcomes(record_);
  } catch (const Error& error) {
    if (concerns_store(error.code())) throw;
    return pause(error.what());
  }
  for (const tuning::Trial& trial : search().trials()) {
    if (!trial.proposal.reused_from) seconds_recorded_ += trial.outcome.seconds;
  }
  next();
}

void JobRun::next() {
  proposal_.reset();
  progress_ = {};
  is_time_over_ = false;
  while (!is_stopping_) {
    proposal_ = record_.ended_early ? std::nullopt : search().next();
    if (!proposal_) return end();
    if (!record_known(*proposal_)) break;
  }
  if (is_stopping_) {
    is_over_ = true;
    return;
  }
  if (!ready_.empty()) {
    Outcome outcome = std::move(ready_.front());
    ready_.pop_front();
    return settle(std::move(outcome));
  }
  pass_ = std::exchange(history_->pass, std::nullopt).value_or(store::Pass{});
  if (is_time_up()) return end_early("the time-out has come");
  evaluate();
}

bool JobRun::record_known(const tuning::Proposal& proposal) {
  const store::SharedOutcome* shared = shared_outcome(proposal);
  if (!proposal.reused_from && shared == nullptr) return false;
  store::TrialRecord trial;
  trial.epoch = record_.epoch;
  trial.started_microseconds = surroundings_.clock.wall_microseconds();
  trial.finished_microseconds = trial.started_microseconds;
  if (shared != nullptr) trial.shared_from = shared->place;
  Outcome outcome =
      shared != nullptr
          ? shared->outcome
          : search().trials().at(static_cast<std::size_t>(*proposal.reused_from)).outcome;
  AMPD_CHECK(ready_.empty() || !search().turns_with(proposal.config, outcome));
  search().record(std::move(outcome));
  trial.trial = search().trials().back();
  store_.record_trial(record_.id, trial, std::nullopt, search(), history_->chain, rest_of_pass(),
                      {trial_note(search(), trial.shared_from)});
  return true;
}

const store::SharedOutcome* JobRun::shared_outcome(const tuning::Proposal& proposal) const {
  if (proposal.reused_from) return nullptr;
  const auto found = shared_outcomes_.find(digest(search().space(), proposal.config));
  const bool is_of_use =
      found != shared_outcomes_.end() && !wants_latency(proposal.config, found->second.outcome);
  return is_of_use ? &found->second : nullptr;
}

void JobRun::evaluate() {
  step_ = Step::evaluating;
  const store::JobDefinition& definition = record_.definition;
  progress_ = {};
  ++pass_.attempts;
  const bool is_new = pass_.config_digests.empty();
  find_company();
  if (is_new) {
    pass_.started_microseconds = surroundings_.clock.wall_microseconds();
    store_.propose(record_.id, *proposal_, pass_);
  } else {
    const std::string place = pass_.checkpoint.empty()
                                  ? "begins anew"
                                  : "goes on after batch " + std::to_string(pass_.batches_done);
    store_.save_pass(record_.id, pass_,
                     {{EventKind::resumed, "trial " + std::to_string(proposal_->seq) + " " + place +
                                               ", attempt " + std::to_string(pass_.attempts)}});
  }
  is_checkpoint_saved_ = true;
  checkpoint_saved_at_ = checkpoint_told_at_ = surroundings_.clock.monotonic();
  if (!is_command()) {
    return ask(evaluate_order(definition, store_.blobs(), company_, search(), surroundings_.limits,
                              pass_));
  }
  is_working_ = true;
  working_since_ = surroundings_.clock.monotonic();
  surroundings_.runner.start(
      evaluation_command(definition, proposal_->config, store_.directory().job(record_.id)),
      [listener = surroundings_.listener](runner::Event event,
                                          std::vector<base::FileDescriptor> /*unused*/) {
        listener(std::move(event));
      });
  tell_progress();
}

void JobRun::find_company() {
  const auto known = [this](const tuning::Proposal& proposal) -> const Outcome* {
    const store::SharedOutcome* shared = shared_outcome(proposal);
    return shared != nullptr ? &shared->outcome : nullptr;
  };
  if (pass_.config_digests.empty()) {
    company_ = tuning::next_company(search(), is_command() ? 1 : company_max_, known);
  } else {
    company_ = tuning::company_of(search(), pass_.config_digests, known);
    if (pass_.stalls > 0) company_.erase(company_.begin() + 1, company_.end());
  }
  pass_.config_digests = tuning::digests_of(search(), company_);
}

void JobRun::settle(Outcome outcome) {
  if (!wants_latency(proposal_->config, outcome)) return commit(std::move(outcome), std::nullopt);
  save_checkpoint();
  outcome_ = std::move(outcome);
  measure();
}

void JobRun::measure() {
  if (is_stopping_) {
    is_over_ = true;
    return;
  }
  const auto best = search().best_seq();
  const TuneConfig& config =
      proposal_ ? proposal_->config
                : search().trials().at(static_cast<std::size_t>(best.value())).proposal.config;
  step_ = Step::measuring;
  ask(measure_order(record_.definition, store_.blobs(), config));
}

void JobRun::end() {
  if (is_stopping_) {
    is_over_ = true;
    return;
  }
  const auto best = search().best_seq();
  const bool wants_speedup =
      record_.definition.job.settings.objective == Objective::performance && !is_unmeasurable_;
  if (best && wants_speedup && !store_.is_measured(record_.id, *best)) return measure();
  is_over_ = true;
  if (search().stop_reason() == tuning::StopReason::baseline_failed) {
    const std::string reason = "the baseline " + failure_of(search().trials().front().outcome);
    return store_.finish(record_.id, store::JobState::failed, reason, "",
                         {EventKind::failed, reason, EventLevel::error});
  }
  const std::string result = result_of(search(), record_.ended_early);
  store_.finish(record_.id, store::JobState::done, "", result, {EventKind::finished, result});
}

void JobRun::commit(Outcome outcome, const std::optional<store::Measurement>& measurement) {
  const bool was_met = search().goal_met().value_or(false);
  if (search().turns_with(proposal_->config, outcome)) ready_.clear();
  const auto left = static_cast<double>(ready_.size());
  const double shared_later = shared_seconds_ * left / (left + 1);
  outcome.seconds = ready_.empty() ? pass_.seconds : pass_.seconds - shared_later;
  pass_.seconds -= outcome.seconds;
  shared_seconds_ = shared_later;
  company_.erase(company_.begin());
  seconds_recorded_ += outcome.seconds;
  search().record(std::move(outcome));
  store::TrialRecord trial;
  trial.trial = search().trials().back();
  trial.epoch = record_.epoch;
  trial.attempts = pass_.attempts;
  trial.started_microseconds = pass_.started_microseconds;
  trial.finished_microseconds = surroundings_.clock.wall_microseconds();
  std::vector<store::Note> notes{trial_note(search())};
  if (measurement) notes.push_back(measurement_note(proposal_->seq, *measurement));
  if (!was_met && search().goal_met().value_or(false)) {
    notes.push_back({EventKind::goal_met,
                     "trial " + std::to_string(proposal_->seq) + " is the first to meet the goal"});
  }
  store_.record_trial(record_.id, trial, measurement, search(), history_->chain, rest_of_pass(),
                      notes);
  outcome_.reset();
  deaths_in_a_row_ = 0;
  failed_attempts_ = 0;
  next();
}

std::optional<store::Pass> JobRun::rest_of_pass() {
  if (ready_.empty()) return std::nullopt;
  pass_.config_digests = tuning::digests_of(search(), company_);
  return pass_;
}

void JobRun::pause(const std::string& reason) {
  is_over_ = true;
  store_.set_state(record_.id, store::JobState::paused, reason,
                   {EventKind::paused, reason, EventLevel::warning});
}

void JobRun::stop() {
  is_stopping_ = true;
  if (!is_working_) {
    is_over_ = true;
  } else if (step_ == Step::hashing || step_ == Step::inspecting) {
    surroundings_.runner.kill();
    is_over_ = true;
  } else {
    surroundings_.runner.stop();
    tell_progress();
  }
}

void JobRun::end_early(const std::string& reason) {
  if (is_working_) {
    surroundings_.runner.kill();
    is_working_ = false;
  }
  due_.reset();
  store_.end_early(record_.id, {EventKind::warning, reason + ": the search ends with its best"});
  record_.ended_early = true;
  outcome_.reset();
  ready_.clear();
  if (!history_) return take_step();
  next();
}

void JobRun::advance() {
  if (!due_ || surroundings_.clock.monotonic() < *due_) return;
  due_.reset();
  take_step();
}

bool JobRun::is_command() const {
  return has_command(record_.definition);
}

bool JobRun::is_time_up() const {
  const double timeout_seconds = record_.definition.job.settings.exit_policy.timeout_seconds;
  return timeout_seconds > 0 && seconds_recorded_ + pass_.seconds >= timeout_seconds;
}

void JobRun::account_time() {
  if (!is_working_) return;
  const auto now = surroundings_.clock.monotonic();
  if (step_ == Step::evaluating || outcome_) {
    pass_.seconds += std::chrono::duration<double>(now - working_since_).count();
  }
  working_since_ = now;
}

void JobRun::tell_progress() const {
  if (surroundings_.progress) surroundings_.progress(activity());
}

}  // namespace ampd::scheduler
