#include "store/history.hpp"

#include <string>

#include "ampd/error.hpp"
#include "store/encoding.hpp"
#include "store/trial_row.hpp"

namespace ampd::store {
namespace {

[[noreturn]] void throw_divergence(std::int64_t job, std::int64_t seq, const std::string& what) {
  throw Error(ErrorCode::divergence, "job " + std::to_string(job) + ", trial " +
                                         std::to_string(seq) + ": the search " + what +
                                         " than the stored history; go on with the version of "
                                         "ampd that began the job, or submit it again");
}

void fold(tuning::Search& search, const TrialRow& row, std::int64_t job) {
  const tuning::Trial& stored = row.record.trial;
  const std::int64_t seq = stored.proposal.seq;
  const std::optional<tuning::Proposal> proposal = search.next();
  if (!proposal) throw_divergence(job, seq, "ends earlier");
  if (*proposal != stored.proposal) throw_divergence(job, seq, "proposes another config");
  if (proposal->reused_from) {
    const auto earlier = static_cast<std::size_t>(*proposal->reused_from);
    if (search.trials().at(earlier).outcome != stored.outcome) {
      throw_divergence(job, seq, "reuses another outcome");
    }
  }
  search.record(stored.outcome);
  if (search.trials().back() != stored) throw_divergence(job, seq, "judges the outcome otherwise");
}

void compare_proposal(const Database& database, const JobRecord& record,
                      const tuning::Search& search) {
  Statement row(database, "SELECT seq, stage, config_digest FROM proposal WHERE job = ?",
                record.id);
  if (!row.step()) return;
  const std::optional<tuning::Proposal> proposal = search.next();
  if (!proposal) throw_divergence(record.id, row.integer(0), "ends earlier");
  const std::string config_digest = digest(search.space(), proposal->config);
  if (proposal->seq != row.integer(0) || to_string(proposal->stage) != row.text(1) ||
      bytes_of_hex(config_digest) != row.blob(2)) {
    throw_divergence(record.id, row.integer(0), "proposes another config");
  }
}

ChainDigest stored_chain(const Database& database, std::int64_t job) {
  Statement row(database, "SELECT chain FROM job WHERE id = ?", job);
  row.step();
  return chain_digest_of(row.blob(0));
}

}  // namespace

History read_history(const Database& database, const JobRecord& record) {
  if (record.strategy_version != tuning::strategy_version) {
    throw Error(ErrorCode::divergence,
                "job " + std::to_string(record.id) + " was begun with version " +
                    std::to_string(record.strategy_version) +
                    " of the search and this program has version " +
                    std::to_string(tuning::strategy_version) +
                    "; go on with the version of ampd that began the job, or submit it again");
  }
  History history{tuning::Search(record.definition.space, record.definition.job.settings),
                  record.digest, std::nullopt};
  TrialRows rows(database, record.id);
  while (const auto row = rows.next()) {
    history.chain = row->chain(history.chain);
    if (history.chain != rows.chain()) {
      throw_damaged(database, record.id, row->record.trial.proposal.seq,
                    "its row, or one before it, is not what was written");
    }
    fold(history.search, *row, record.id);
  }
  if (history.chain != stored_chain(database, record.id)) {
    throw_damaged(database, record.id, std::nullopt, "its last trials are missing");
  }
  compare_proposal(database, record, history.search);
  history.pass = read_pass(database, record.id);
  return history;
}

}  // namespace ampd::store
