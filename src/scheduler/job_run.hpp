// One job while it runs: from the check of its inputs to the end of its search.
//
// A run does one thing at a time: it verifies that inputs and machine are still those of the
// submission, folds the stored history through a new search, and then stores the next proposal and
// has it evaluated, together with those that come after it where that is worth it
// (tuning/company.hpp). Trial by trial, it has the latency measured where that is wanted and
// stores the outcome. What the search then does not ask for is dropped; what it has not yet asked
// for is kept in the stored pass, so that a restart repeats nothing.
//
// Deaths of workers: one that got further than the last or came from outside is retried for ever,
// later and later; the second one in a row at the same batch fails the trial. What says that data
// or machine are not what they were pauses the job, and so does a worker that cannot be started.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "runner/runner.hpp"
#include "scheduler/activity.hpp"
#include "scheduler/orders.hpp"
#include "store/store.hpp"

namespace ampd::scheduler {

class JobRun {
 public:
  /// Where a run works; all outlive it.
  struct Surroundings {
    store::Store& store;
    runner::Runner& runner;
    const base::Clock& clock;
    std::function<void(runner::Event)> listener;  // hands the event to handle()
    std::function<void(const Activity&)> progress;
    PassLimits limits{};
  };

  /// `is_verified`: inputs and machine were looked at a moment ago.
  JobRun(Surroundings surroundings, store::JobRecord record, bool is_verified);

  /// All of these throw Error when the store fails; the run is then of no use any more.
  void start();
  void handle(const runner::Event& event);
  void advance();  // when `due` has come

  /// Ends the run after the running batch, with everything saved.
  void stop();

  /// Ends the search with its best so far.
  void end_early(const std::string& reason);

  std::int64_t job() const { return record_.id; }
  bool is_over() const { return is_over_; }
  std::optional<std::chrono::nanoseconds> due() const { return due_; }
  Activity activity() const;

 private:
  enum class Step : std::uint8_t { hashing, inspecting, evaluating, measuring };

  void take_step();
  void ask(protocol::Order order);
  void begin();
  void next();
  bool record_known(const tuning::Proposal& proposal);
  const store::SharedOutcome* shared_outcome(const tuning::Proposal& proposal) const;
  void evaluate();
  void find_company();
  void settle(Outcome outcome);
  void measure();
  void end();

  void on_progress(const protocol::Progress& progress);
  void on_checkpoint(const protocol::Checkpoint& checkpoint);
  void on_final(const protocol::Reply& reply);
  void on_stopped();
  void on_hashed(const protocol::Hashed& hashed);
  void on_inspected(const protocol::Inspected& inspected);
  void on_evaluated(const protocol::Evaluated& evaluated);
  void on_measured(const protocol::Measured& measured);
  void on_failed(const protocol::Failed& failed);
  void on_died(const runner::Died& died);

  void fail_attempt(const std::string& reason, std::chrono::nanoseconds delay);
  void retry(const std::string& reason, std::chrono::nanoseconds delay);
  void give_up(const std::string& reason);
  void pause(const std::string& reason);
  void commit(Outcome outcome, const std::optional<store::Measurement>& measurement);
  void save_checkpoint();

  Outcome outcome_of(const protocol::Verdict& verdict, const TuneConfig& config) const;
  std::optional<store::Pass> rest_of_pass();
  bool wants_latency(const TuneConfig& config, const Outcome& outcome) const;
  std::string fingerprint_reason(const std::string& fingerprint) const;
  std::optional<double> eta_seconds(const Activity& activity, double seconds_of_trial) const;
  bool is_command() const;
  bool is_time_up() const;
  void account_time();
  std::chrono::nanoseconds back_off();
  void tell_progress() const;
  tuning::Search& search() { return history_->search; }
  const tuning::Search& search() const { return history_->search; }

  Surroundings surroundings_;
  store::Store& store_;
  store::JobRecord record_;
  std::optional<store::History> history_;  // from begin() on
  store::SharedOutcomes shared_outcomes_;

  Step step_;
  bool is_working_ = false;   // an order runs
  bool is_stopping_ = false;  // stop() was called
  bool is_over_ = false;
  bool is_unmeasurable_ = false;  // the best config's latency
  bool is_time_over_ = false;     // the time-out has come inside a trial
  std::optional<std::chrono::nanoseconds> due_;
  std::chrono::nanoseconds working_since_{0};
  int deaths_in_a_row_ = 0;
  int failed_starts_ = 0;
  int failed_attempts_ = 0;  // of a step that is not an evaluation

  std::optional<tuning::Proposal> proposal_;  // under way
  std::vector<tuning::Proposal> company_;     // that is evaluated with it, itself first
  std::int64_t company_max_;                  // 1 after a failure, then more and more again
  store::Pass pass_;                          // their evaluation
  std::deque<Outcome> ready_;                 // of those in the pass that come next
  double shared_seconds_ = 0;                 // of the pass, that `ready_` is to be charged with
  bool is_checkpoint_saved_ = true;
  std::chrono::nanoseconds checkpoint_saved_at_{0};
  std::chrono::nanoseconds checkpoint_told_at_{0};
  std::optional<Outcome> outcome_;  // waits for its latency
  double seconds_recorded_ = 0;     // of trials with an outcome
  protocol::Progress progress_;
};

}  // namespace ampd::scheduler
