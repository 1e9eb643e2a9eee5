#include "store/store.hpp"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "ampd/error.hpp"
#include "base/file_system.hpp"
#include "store/encoding.hpp"
#include "store/job_row.hpp"
#include "store/statement.hpp"
#include "store/trial_row.hpp"

namespace ampd::store {
namespace {

StateDirectory created(const StateDirectory& directory, const StoreOptions& options) {
  directory.create();
  const auto network = base::network_file_system(directory.path());
  if (network && !options.allows_network) {
    throw Error(ErrorCode::unsupported,
                "the state directory " + directory.path().string() + " lies on " +
                    std::string(*network) +
                    ", where the locks and the shared memory of its database need not work; name "
                    "a folder on a local disk with --state-dir, or take the risk with "
                    "--allow-network-state");
  }
  return directory;
}

std::set<std::string> strings(const Database& database, const char* sql) {
  std::set<std::string> texts;
  Statement rows(database, sql);
  while (rows.step()) texts.insert(rows.text(0));
  return texts;
}

std::vector<std::int64_t> integers(const Database& database, const char* sql) {
  std::vector<std::int64_t> numbers;
  Statement rows(database, sql);
  while (rows.step()) numbers.push_back(rows.integer(0));
  return numbers;
}

void remove_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) base::throw_system_error("cannot remove", path, error.value());
}

void forget_evaluation(const Database& database, std::int64_t job) {
  Statement(database, "DELETE FROM pass WHERE job = ?", job).run();
  Statement(database, "DELETE FROM proposal WHERE job = ?", job).run();
}

std::optional<std::string> stored_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void move_to_end(const Database& database, std::int64_t job) {
  Statement(database,
            "UPDATE job SET queue_position = (SELECT max(queue_position) + 1 FROM job)"
            " WHERE id = ?",
            job)
      .run();
}

void update_state(const Database& database, std::int64_t job, JobState state,
                  const std::string& error, std::int64_t now_microseconds) {
  Statement(database, "UPDATE job SET state = ?, error = ?, waits_for_space = 0 WHERE id = ?",
            to_string(state), stored_text(error), job)
      .run();
  if (state == JobState::running) {
    Statement(database, "UPDATE job SET started_at = coalesce(started_at, ?) WHERE id = ?",
              now_microseconds, job)
        .run();
  }
  Statement(database, "UPDATE job SET finished_at = ? WHERE id = ?",
            is_final(state) ? std::optional(now_microseconds) : std::nullopt, job)
      .run();
}

std::set<std::filesystem::path> used_paths(Database& database) {
  std::set<std::filesystem::path> paths;
  for (const std::string& path :
       strings(database, "SELECT path FROM input UNION SELECT model FROM job")) {
    paths.insert(path);
  }
  return paths;
}

}  // namespace

Store::Store(const StateDirectory& directory, const base::Clock& clock, const StoreOptions& options)
    : directory_(created(directory, options)),
      lock_(directory_),
      clock_(clock),
      database_(Database::open_to_write(directory_.database(), options)),
      reader_(database_),
      blobs_(directory_.blobs()),
      uploads_(directory_.uploads()) {
  blobs_.sweep(
      strings(*database_, "SELECT job_file_digest FROM job UNION SELECT model_digest FROM job"));
  uploads_.sweep(used_paths(*database_));
  const std::set<std::string> jobs = strings(*database_, "SELECT CAST(id AS TEXT) FROM job");
  std::vector<std::filesystem::path> orphans;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.jobs())) {
    if (!jobs.contains(entry.path().filename().string())) orphans.push_back(entry.path());
  }
  std::ranges::for_each(orphans, remove_folder);
}

std::int64_t Store::commit(const std::vector<Note>& notes,
                           const std::function<std::int64_t()>& work) {
  const std::int64_t now = clock_.wall_microseconds();
  std::vector<Event> events;
  std::int64_t job = 0;
  database_->write([&] {
    job = work();
    for (const Note& note : notes) {
      Statement row(*database_,
                    "INSERT INTO event (at, job, level, kind, message) VALUES (?, ?, ?, ?, ?)"
                    " RETURNING id",
                    now, job, to_string(note.level), to_string(note.kind), note.message);
      row.step();
      events.push_back({row.integer(0), now, job, note});
      row.step();
    }
  });
  if (listener_) std::ranges::for_each(events, listener_);
  return job;
}

std::int64_t Store::add(const JobDefinition& definition, const std::string& fingerprint,
                        const std::vector<Note>& notes) {
  return commit(notes, [&] {
    return insert(*database_, definition, fingerprint, clock_.wall_microseconds());
  });
}

std::vector<std::int64_t> Store::queue() const {
  return integers(*database_,
                  "SELECT id FROM job WHERE state IN ('running', 'queued')"
                  " ORDER BY state = 'queued', queue_position");
}

std::optional<std::int64_t> Store::next_in_queue() const {
  const std::vector<std::int64_t> first =
      integers(*database_,
               "SELECT id FROM"
               " (SELECT id FROM job WHERE state = 'running' ORDER BY queue_position LIMIT 1)"
               " UNION ALL SELECT id FROM"
               " (SELECT id FROM job WHERE state = 'queued' ORDER BY queue_position LIMIT 1)");
  return first.empty() ? std::nullopt : std::optional(first.front());
}

std::vector<std::int64_t> Store::waiting_for_space() const {
  return integers(*database_,
                  "SELECT id FROM job WHERE state = 'paused' AND waits_for_space"
                  " ORDER BY queue_position");
}

History Store::history(const JobRecord& record) const {
  return read_history(*database_, record);
}

SharedOutcomes Store::shared_outcomes(const JobRecord& record) const {
  if (!record.definition.job.shares_results) return {};
  return read_shared_outcomes(*database_, record);
}

void Store::set_state(std::int64_t job, JobState state, const std::string& error,
                      const Note& note) {
  commit({note}, [&] {
    update_state(*database_, job, state, error, clock_.wall_microseconds());
    return job;
  });
}

void Store::pause_for_space(std::int64_t job, const std::string& error, const Note& note) {
  commit({note}, [&] {
    update_state(*database_, job, JobState::paused, error, clock_.wall_microseconds());
    Statement(*database_, "UPDATE job SET waits_for_space = 1 WHERE id = ?", job).run();
    return job;
  });
}

void Store::resume(std::int64_t job, bool accepts_fingerprint, const Note& note) {
  commit({note}, [&] {
    Statement waited(*database_, "SELECT waits_for_space FROM job WHERE id = ?", job);
    if (waited.step() && !waited.flag(0)) move_to_end(*database_, job);
    update_state(*database_, job, JobState::queued, "", clock_.wall_microseconds());
    Statement(*database_, "UPDATE job SET accepts_fingerprint = ? WHERE id = ?",
              accepts_fingerprint, job)
        .run();
    return job;
  });
}

void Store::start_epoch(std::int64_t job, const std::string& fingerprint, const Note& note) {
  commit({note}, [&] {
    forget_evaluation(*database_, job);
    Statement(*database_, "UPDATE job SET epoch = epoch + 1, accepts_fingerprint = 0 WHERE id = ?",
              job)
        .run();
    Statement(*database_,
              "INSERT INTO epoch SELECT id, epoch, ?,"
              " (SELECT count(*) FROM trial WHERE job = job.id), ? FROM job WHERE id = ?",
              fingerprint, clock_.wall_microseconds(), job)
        .run();
    return job;
  });
}

void Store::propose(std::int64_t job, const tuning::Proposal& proposal, const Pass& pass) {
  database_->write_unsynced([&] {
    Statement(*database_, "INSERT OR REPLACE INTO proposal VALUES (?, ?, ?, ?)", job, proposal.seq,
              to_string(proposal.stage), Blob{bytes_of_hex(pass.config_digests.at(0))})
        .run();
    write(*database_, job, pass);
  });
}

void Store::save_pass(std::int64_t job, const Pass& pass, const std::vector<Note>& notes) {
  commit(notes, [&] {
    write(*database_, job, pass);
    return job;
  });
}

void Store::record_trial(std::int64_t job, const TrialRecord& trial,
                         const std::optional<Measurement>& measurement,
                         const tuning::Search& search, ChainDigest& chain,
                         const std::optional<Pass>& rest, const std::vector<Note>& notes) {
  const tuning::Proposal& proposal = trial.trial.proposal;
  const TrialRow row{trial, static_cast<std::int64_t>(proposal.config.low_ops()),
                     bytes_of_hex(digest(search.space(), proposal.config))};
  const ChainDigest next = row.chain(chain);
  commit(notes, [&] {
    insert(*database_, job, row, next);
    if (measurement) insert(*database_, job, proposal.seq, *measurement);
    forget_evaluation(*database_, job);
    if (rest) write(*database_, job, *rest);
    Statement(*database_, "UPDATE job SET chain = ?, best_seq = ? WHERE id = ?",
              Blob{bytes_of(next)}, search.best_seq(), job)
        .run();
    return job;
  });
  chain = next;
}

void Store::add_measurement(std::int64_t job, std::int64_t seq, const Measurement& measurement,
                            const Note& note) {
  commit({note}, [&] {
    insert(*database_, job, seq, measurement);
    return job;
  });
}

bool Store::is_measured(std::int64_t job, std::int64_t seq) const {
  return read_measurement(*database_, job, seq).has_value();
}

void Store::end_early(std::int64_t job, const Note& note) {
  commit({note}, [&] {
    forget_evaluation(*database_, job);
    Statement(*database_, "UPDATE job SET ended_early = 1 WHERE id = ?", job).run();
    return job;
  });
}

void Store::finish(std::int64_t job, JobState state, const std::string& error,
                   const std::string& message, const Note& note) {
  commit({note}, [&] {
    forget_evaluation(*database_, job);
    update_state(*database_, job, state, error, clock_.wall_microseconds());
    Statement(*database_, "UPDATE job SET message = ? WHERE id = ?", stored_text(message), job)
        .run();
    return job;
  });
}

void Store::retry(std::int64_t job, const Note& note) {
  commit({note}, [&] {
    Statement failed(*database_, "SELECT 1 FROM job WHERE id = ? AND state = 'failed'", job);
    if (failed.step()) {
      Statement(*database_, "DELETE FROM trial WHERE job = ?", job).run();
      Statement(*database_, "UPDATE job SET chain = digest, best_seq = NULL WHERE id = ?", job)
          .run();
    }
    move_to_end(*database_, job);
    update_state(*database_, job, JobState::queued, "", clock_.wall_microseconds());
    return job;
  });
}

void Store::remove(std::int64_t job, const Note& note) {
  const JobDefinition definition = reader_.record(job).definition;
  std::set<std::filesystem::path> freed{definition.job.model_path};
  for (const Input& input : definition.inputs) freed.insert(input.path);
  commit({note}, [&] {
    Statement(*database_, "DELETE FROM job WHERE id = ?", job).run();
    return job;
  });
  for (const std::string& digest : {definition.job_file_digest, definition.model_digest}) {
    Statement used(*database_, "SELECT 1 FROM job WHERE ? IN (job_file_digest, model_digest)",
                   digest);
    if (!used.step()) blobs_.remove(digest);
  }
  uploads_.remove(freed, used_paths(*database_));
  remove_folder(directory_.job(job));
}

bool Store::can_change() {
  try {
    commit({}, [] { return 0; });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::exhausted && error.code() != ErrorCode::busy) throw;
    return error.code() == ErrorCode::exhausted;
  }
  return true;
}

void Store::add_event(std::int64_t job, const Note& note) {
  commit({note}, [&] { return job; });
}

}  // namespace ampd::store
