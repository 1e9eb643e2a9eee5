#include "store/shared_outcomes.hpp"

#include <vector>

#include "ampd/error.hpp"
#include "store/encoding.hpp"
#include "store/job_row.hpp"
#include "store/trial_row.hpp"

namespace ampd::store {
namespace {

constexpr std::int64_t jobs_max = 16;

std::vector<std::int64_t> jobs_like(const Database& database, const JobRecord& record) {
  std::vector<std::int64_t> jobs;
  Statement rows(database,
                 "SELECT id FROM job WHERE evaluation_digest = ? AND id <> ? ORDER BY id DESC"
                 " LIMIT ?",
                 evaluation_digest(record.definition), record.id, jobs_max);
  while (rows.step()) jobs.push_back(rows.integer(0));
  return jobs;
}

void add_trials(const Database& database, const JobRecord& of, const std::string& fingerprint,
                SharedOutcomes& outcomes) {
  ChainDigest chain = of.digest;
  TrialRows rows(database, of.id);
  while (const auto row = rows.next()) {
    chain = row->chain(chain);
    if (chain != rows.chain()) return;
    const TrialRecord& record = row->record;
    const Outcome& outcome = record.trial.outcome;
    const bool is_own = !record.trial.proposal.reused_from && !record.shared_from;
    if (!is_own || outcome.state != TrialState::done) continue;
    if (record.epoch != of.epoch || of.fingerprint != fingerprint) continue;
    outcomes.try_emplace(hex_of_bytes(row->config_digest),
                         SharedOutcome{{of.id, record.trial.proposal.seq},
                                       {.state = outcome.state,
                                        .accuracy = outcome.accuracy,
                                        .model_bytes = outcome.model_bytes,
                                        .footprint_bytes = outcome.footprint_bytes}});
  }
}

}  // namespace

SharedOutcomes read_shared_outcomes(const Database& database, const JobRecord& record) {
  SharedOutcomes outcomes;
  if (evaluation_digest(record.definition).empty()) return outcomes;
  for (const std::int64_t job : jobs_like(database, record)) {
    try {
      add_trials(database, read_job(database, job), record.fingerprint, outcomes);
    } catch (const Error& error) {
      const bool is_its_own =
          error.code() == ErrorCode::corrupt || error.code() == ErrorCode::unsupported;
      if (!is_its_own) throw;
    }
  }
  return outcomes;
}

}  // namespace ampd::store
