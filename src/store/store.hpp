// The database of a state directory, for the one process that may write it.
//
// Each call is one transaction, on disk when the call returns (but for `propose`); when it throws,
// nothing of it happened. Events are stored in the transaction of the change that they tell of, and
// are handed to the listener after it.
//
// Errors: exhausted (the disk is full; the store can be used again when there is space), io, busy,
// corrupt. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/blobs.hpp"
#include "store/event.hpp"
#include "store/history.hpp"
#include "store/job_record.hpp"
#include "store/reader.hpp"
#include "store/shared_outcomes.hpp"
#include "store/state_directory.hpp"
#include "store/store_options.hpp"
#include "store/trial_record.hpp"
#include "store/uploads.hpp"

namespace ampd::store {

class Store {
 public:
  using Listener = std::function<void(const Event&)>;

  /// Locks the folder, makes what is missing, brings an older database up to date. Throws
  /// Error: busy (another process writes; its pid is named), corrupt (damaged or newer: untouched),
  /// unsupported (on a network file system).
  Store(const StateDirectory& directory, const base::Clock& clock,
        const StoreOptions& options = {});

  void listen(Listener listener) { listener_ = std::move(listener); }

  const Reader& reader() const { return reader_; }
  const Blobs& blobs() const { return blobs_; }
  const Uploads& uploads() const { return uploads_; }
  const StateDirectory& directory() const { return directory_; }

  /// Stores a queued job and returns its id.
  std::int64_t add(const JobDefinition& definition, const std::string& fingerprint,
                   const std::vector<Note>& notes);

  /// Jobs that are running or queued, in the order in which they are to run.
  std::vector<std::int64_t> queue() const;
  /// The first of them, however many there are as quickly.
  std::optional<std::int64_t> next_in_queue() const;

  /// Jobs that are paused until there is space on the disk.
  std::vector<std::int64_t> waiting_for_space() const;

  History history(const JobRecord& record) const;

  /// Outcomes of other jobs that this one may take; none if it does not share results.
  SharedOutcomes shared_outcomes(const JobRecord& record) const;

  /// Moves a job into a state other than queued. `error` replaces the job's.
  void set_state(std::int64_t job, JobState state, const std::string& error, const Note& note);
  void pause_for_space(std::int64_t job, const std::string& error, const Note& note);

  /// Queues a paused job: at the end, or in its old place when it waited for space on the disk.
  /// `accepts_fingerprint`: the user takes whatever fingerprint the job's next start finds.
  void resume(std::int64_t job, bool accepts_fingerprint, const Note& note);

  /// From here on the job runs under another fingerprint; its unfinished evaluation starts anew.
  void start_epoch(std::int64_t job, const std::string& fingerprint, const Note& note);

  /// Stores what is to be evaluated next, before it is; it is the first member of its pass. A power
  /// cut may take it back: the same would be proposed again.
  void propose(std::int64_t job, const tuning::Proposal& proposal, const Pass& pass);
  void save_pass(std::int64_t job, const Pass& pass, const std::vector<Note>& notes = {});

  /// Stores the outcome of a trial in place of its proposal. `search` has recorded it: the job's
  /// summary is taken from there. `chain` is the history's, and is moved on. `rest` is what is left
  /// of the pass for the trials that come next; none: the pass is over.
  void record_trial(std::int64_t job, const TrialRecord& trial,
                    const std::optional<Measurement>& measurement, const tuning::Search& search,
                    ChainDigest& chain, const std::optional<Pass>& rest,
                    const std::vector<Note>& notes);

  /// A measurement that was made after the trial's outcome.
  void add_measurement(std::int64_t job, std::int64_t seq, const Measurement& measurement,
                       const Note& note);
  bool is_measured(std::int64_t job, std::int64_t seq) const;

  /// No further trial: the proposal without an outcome goes.
  void end_early(std::int64_t job, const Note& note);

  /// The search has ended. `message` is what is to be said of the result.
  void finish(std::int64_t job, JobState state, const std::string& error,
              const std::string& message, const Note& note);

  /// Queues a failed or cancelled job again; a failed baseline is forgotten, so that it runs again.
  void retry(std::int64_t job, const Note& note);

  /// Removes a job with its trials and files; its events stay.
  void remove(std::int64_t job, const Note& note);

  void add_event(std::int64_t job, const Note& note);

  /// Tries an empty transaction: false while another program holds the database. A full disk does
  /// not count. Throws Error where a real one would for any other reason.
  bool can_change();

 private:
  /// The one door for changes: `work` in a transaction, its events with it. Returns the job.
  std::int64_t commit(const std::vector<Note>& notes, const std::function<std::int64_t()>& work);

  StateDirectory directory_;
  StateLock lock_;
  const base::Clock& clock_;
  std::shared_ptr<Database> database_;
  Reader reader_;
  Blobs blobs_;
  Uploads uploads_;
  Listener listener_;
};

}  // namespace ampd::store
