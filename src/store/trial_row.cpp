#include "store/trial_row.hpp"

#include "store/encoding.hpp"
#include "store/row_digest.hpp"

namespace ampd::store {
namespace {

std::optional<std::int64_t> signed_op(const std::optional<std::size_t>& op) {
  return op ? std::optional(static_cast<std::int64_t>(*op)) : std::nullopt;
}

std::optional<double> stored_accuracy(const Outcome& outcome) {
  return outcome.state == TrialState::done ? std::optional(outcome.accuracy) : std::nullopt;
}

std::optional<double> part(const Outcome& outcome, double Speedup::*which) {
  return outcome.speedup ? std::optional((*outcome.speedup).*which) : std::nullopt;
}

std::optional<std::string> stored_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

ChainDigest digest_of(std::int64_t job, const Pass& pass, const std::string& members) {
  return RowDigest()
      .add(job)
      .add(members)
      .add(pass.attempts)
      .add(pass.stalls)
      .add(pass.furthest_batch)
      .add(pass.batches_done)
      .add(pass.seconds)
      .add(pass.started_microseconds)
      .add(pass.checkpoint)
      .finish();
}

ChainDigest digest_of(std::int64_t job, std::int64_t seq, const Measurement& measurement) {
  RowDigest digest;
  digest.add(job).add(seq);
  for (const Latency& latency : {measurement.config, measurement.baseline}) {
    digest.add(latency.median_ns).add(latency.p10_ns).add(latency.p90_ns);
  }
  return digest.finish();
}

}  // namespace

void throw_damaged(const Database& database, std::int64_t job,
                   const std::optional<std::int64_t>& seq, const std::string& what) {
  std::string place = "job " + std::to_string(job);
  if (seq) place += ", trial " + std::to_string(*seq);
  throw Error(ErrorCode::corrupt,
              place + " in the database " + database.path().string() + ": " + what +
                  "; `ampctl check` tells what else is damaged, a backup can take its place");
}

ChainDigest TrialRow::chain(const ChainDigest& previous) const {
  const tuning::Proposal& proposal = record.trial.proposal;
  const Outcome& outcome = record.trial.outcome;
  RowDigest digest;
  digest.add(bytes_of(previous))
      .add(proposal.seq)
      .add(record.epoch)
      .add(to_string(proposal.stage))
      .add(signed_op(proposal.op))
      .add(to_string(outcome.state))
      .add(stored_accuracy(outcome))
      .add(outcome.reason)
      .add(std::int64_t{record.trial.meets_goal})
      .add(outcome.latency_ns)
      .add(outcome.model_bytes)
      .add(outcome.footprint_bytes)
      .add(outcome.seconds)
      .add(record.attempts)
      .add(proposal.reused_from)
      .add(record.started_microseconds)
      .add(record.finished_microseconds)
      .add(low_ops)
      .add(config_digest)
      .add(encode(proposal.config));
  // Rows from before these were stored have neither, and keep their digests.
  if (outcome.speedup) {
    digest.add(outcome.speedup->median).add(outcome.speedup->low).add(outcome.speedup->high);
  }
  if (record.shared_from) digest.add(record.shared_from->job).add(record.shared_from->seq);
  return digest.finish();
}

void insert(const Database& database, std::int64_t job, const TrialRow& row,
            const ChainDigest& chain) {
  const tuning::Proposal& proposal = row.record.trial.proposal;
  const Outcome& outcome = row.record.trial.outcome;
  const std::optional<TrialPlace>& shared = row.record.shared_from;
  Statement(
      database,
      "INSERT INTO trial (job, seq, epoch, stage, op, state, accuracy, reason, meets_goal,"
      " latency_ns, speedup, speedup_low, speedup_high, model_bytes, footprint_bytes, seconds,"
      " attempts, reused_from, reused_job, started_at, finished_at, low_ops, config_digest,"
      " precisions, chain)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      job, proposal.seq, row.record.epoch, to_string(proposal.stage), signed_op(proposal.op),
      to_string(outcome.state), stored_accuracy(outcome), stored_text(outcome.reason),
      row.record.trial.meets_goal, outcome.latency_ns, part(outcome, &Speedup::median),
      part(outcome, &Speedup::low), part(outcome, &Speedup::high), outcome.model_bytes,
      outcome.footprint_bytes, outcome.seconds, row.record.attempts,
      shared ? std::optional(shared->seq) : proposal.reused_from,
      shared ? std::optional(shared->job) : std::nullopt, row.record.started_microseconds,
      row.record.finished_microseconds, row.low_ops, Blob{row.config_digest},
      Blob{encode(proposal.config)}, Blob{bytes_of(chain)})
      .run();
}

TrialRows::TrialRows(const Database& database, std::int64_t job)
    : job_(job),
      rows_(database,
            "SELECT seq, epoch, stage, op, state, accuracy, reason, meets_goal, latency_ns,"
            " model_bytes, footprint_bytes, seconds, attempts, reused_from, started_at,"
            " finished_at, low_ops, config_digest, precisions, chain, speedup, speedup_low,"
            " speedup_high, reused_job"
            " FROM trial WHERE job = ? ORDER BY seq",
            job) {}

std::optional<TrialRow> TrialRows::next() {
  if (!rows_.step()) return std::nullopt;
  TrialRow row;
  tuning::Proposal& proposal = row.record.trial.proposal;
  Outcome& outcome = row.record.trial.outcome;
  proposal.seq = rows_.integer(0);
  row.record.epoch = rows_.integer(1);
  const auto stage = tuning::parse_stage(rows_.text(2));
  if (const auto op = rows_.optional_integer(3)) proposal.op = static_cast<std::size_t>(*op);
  const auto state = parse_trial_state(rows_.text(4));
  if (!rows_.is_null(5)) outcome.accuracy = rows_.real(5);
  outcome.reason = rows_.text(6);
  row.record.trial.meets_goal = rows_.flag(7);
  outcome.latency_ns = rows_.optional_integer(8);
  outcome.model_bytes = rows_.optional_integer(9);
  outcome.footprint_bytes = rows_.optional_integer(10);
  outcome.seconds = rows_.real(11);
  row.record.attempts = rows_.integer(12);
  proposal.reused_from = rows_.optional_integer(13);
  row.record.started_microseconds = rows_.integer(14);
  row.record.finished_microseconds = rows_.integer(15);
  row.low_ops = rows_.integer(16);
  row.config_digest = rows_.blob(17);
  auto config = decode_config(rows_.blob(18));
  chain_ = chain_digest_of(rows_.blob(19));
  if (!rows_.is_null(20)) outcome.speedup = Speedup{rows_.real(20), rows_.real(21), rows_.real(22)};
  if (!rows_.is_null(23)) {
    row.record.shared_from = TrialPlace{rows_.integer(23), proposal.reused_from.value_or(-1)};
    proposal.reused_from.reset();
  }
  if (!stage || !state || !config) {
    throw_damaged(rows_.database(), job_, proposal.seq, "its row is damaged");
  }
  proposal.stage = *stage;
  proposal.config = std::move(*config);
  outcome.state = *state;
  return row;
}

void write(const Database& database, std::int64_t job, const Pass& pass) {
  std::string members;
  for (const std::string& digest : pass.config_digests) members += bytes_of_hex(digest);
  const ChainDigest digest = digest_of(job, pass, members);
  Statement(database,
            "INSERT OR REPLACE INTO pass (job, members, attempts, stalls, furthest_batch,"
            " batches_done, seconds, started_at, checkpoint, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            job, Blob{members}, pass.attempts, pass.stalls, pass.furthest_batch, pass.batches_done,
            pass.seconds, pass.started_microseconds, stored_text(pass.checkpoint),
            Blob{bytes_of(digest)})
      .run();
}

std::optional<Pass> read_pass(const Database& database, std::int64_t job) {
  constexpr std::size_t digest_bytes = 32;
  Statement row(database,
                "SELECT members, attempts, stalls, furthest_batch, batches_done, seconds,"
                " started_at, checkpoint, digest FROM pass WHERE job = ?",
                job);
  if (!row.step()) return std::nullopt;
  const std::string members(row.blob(0));
  Pass pass;
  for (std::size_t i = 0; i < members.size(); i += digest_bytes) {
    pass.config_digests.push_back(hex_of_bytes(std::string_view(members).substr(i, digest_bytes)));
  }
  pass.attempts = row.integer(1);
  pass.stalls = row.integer(2);
  pass.furthest_batch = row.integer(3);
  pass.batches_done = row.integer(4);
  pass.seconds = row.real(5);
  pass.started_microseconds = row.integer(6);
  pass.checkpoint = row.text(7);
  if (digest_of(job, pass, members) != chain_digest_of(row.blob(8))) {
    throw_damaged(database, job, std::nullopt, "the checkpoint of its running trial is damaged");
  }
  return pass;
}

void insert(const Database& database, std::int64_t job, std::int64_t seq,
            const Measurement& measurement) {
  const ChainDigest digest = digest_of(job, seq, measurement);
  Statement(database, "INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", job, seq,
            measurement.config.median_ns, measurement.config.p10_ns, measurement.config.p90_ns,
            measurement.baseline.median_ns, measurement.baseline.p10_ns,
            measurement.baseline.p90_ns, Blob{bytes_of(digest)})
      .run();
}

std::optional<Measurement> read_measurement(const Database& database, std::int64_t job,
                                            std::int64_t seq) {
  Statement row(database,
                "SELECT latency_ns, latency_ns_p10, latency_ns_p90, baseline_latency_ns,"
                " baseline_latency_ns_p10, baseline_latency_ns_p90, digest"
                " FROM measurement WHERE job = ? AND seq = ?",
                job, seq);
  if (!row.step()) return std::nullopt;
  const Measurement measurement{{row.integer(0), row.integer(1), row.integer(2)},
                                {row.integer(3), row.integer(4), row.integer(5)}};
  if (digest_of(job, seq, measurement) != chain_digest_of(row.blob(6))) {
    throw_damaged(database, job, seq, "its measured latency is damaged");
  }
  return measurement;
}

}  // namespace ampd::store
