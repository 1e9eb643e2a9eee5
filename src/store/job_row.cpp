#include "store/job_row.hpp"

#include "store/encoding.hpp"
#include "store/row_digest.hpp"
#include "store/trial_row.hpp"
#include "tuning/search.hpp"

namespace ampd::store {
namespace {

ChainDigest digest_of(const JobDefinition& definition, const std::string& job_json,
                      std::int64_t strategy_version) {
  RowDigest digest;
  digest.add(job_json)
      .add(definition.job_file_digest)
      .add(definition.model_digest)
      .add(std::int64_t{definition.owner_uid})
      .add(to_string(definition.space.target))
      .add(definition.space.other_weight_count)
      .add(strategy_version);
  for (const TunableOp& op : definition.space.ops) {
    digest.add(op.name).add(op.type).add(encode(op.precisions)).add(op.weight_count);
    digest.add(op.pinned ? to_string(*op.pinned) : std::string_view());
  }
  for (const Input& input : definition.inputs) digest.add(input.path.string()).add(input.digest);
  return digest.finish();
}

void insert_parts(const Database& database, std::int64_t job, const JobDefinition& definition) {
  std::int64_t position = 0;
  for (const TunableOp& op : definition.space.ops) {
    Statement(database, "INSERT INTO op VALUES (?, ?, ?, ?, ?, ?, ?)", job, position++, op.name,
              op.type, encode(op.precisions),
              op.pinned ? std::optional(to_string(*op.pinned)) : std::nullopt, op.weight_count)
        .run();
  }
  position = 0;
  for (const Input& input : definition.inputs) {
    Statement(database, "INSERT INTO input VALUES (?, ?, ?, ?)", job, position++,
              input.path.string(), input.digest)
        .run();
  }
}

TuningSpace read_space(const Database& database, std::int64_t job, const std::string& target,
                       std::int64_t other_weight_count) {
  const auto known_target = parse_precision(target);
  if (!known_target) throw_damaged(database, job, std::nullopt, "its target is damaged");
  TuningSpace space{{}, *known_target, other_weight_count};
  Statement rows(database,
                 "SELECT name, type, precisions, pinned, weight_count FROM op WHERE job = ?"
                 " ORDER BY position",
                 job);
  while (rows.step()) {
    auto precisions = decode_precisions(rows.text(2));
    const auto pinned = parse_precision(rows.text(3));
    if (!precisions || pinned.has_value() == rows.is_null(3)) {
      throw_damaged(database, job, std::nullopt, "its operator " + rows.text(0) + " is damaged");
    }
    space.ops.push_back(
        {rows.text(0), rows.text(1), std::move(*precisions), pinned, rows.integer(4)});
  }
  return space;
}

std::vector<Input> read_inputs(const Database& database, std::int64_t job) {
  std::vector<Input> inputs;
  Statement rows(database, "SELECT path, digest FROM input WHERE job = ? ORDER BY position", job);
  while (rows.step()) inputs.push_back({rows.text(0), rows.text(1)});
  return inputs;
}

job::Job read_definition(std::int64_t job, const std::string& json) {
  try {
    return job::from_json(nlohmann::json::parse(json));
  } catch (const std::exception& exception) {
    throw Error(ErrorCode::unsupported, "job " + std::to_string(job) +
                                            " is not a job of this version of ampd: " +
                                            exception.what() + "; submit it again");
  }
}

}  // namespace

std::int64_t insert(const Database& database, const JobDefinition& definition,
                    const std::string& fingerprint, std::int64_t now_microseconds) {
  const std::string json = job::to_json(definition.job).dump();
  const ChainDigest digest = digest_of(definition, json, tuning::strategy_version);
  Statement row(
      database,
      "INSERT INTO job (name, state, queue_position, owner_uid, identity, definition, model,"
      " higher_is_better, job_file_digest, model_digest, target, other_weight_count,"
      " strategy_version, digest, chain, submitted_at, evaluation_digest)"
      " VALUES (?, 'queued', (SELECT coalesce(max(queue_position), 0) + 1 FROM job),"
      " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
      definition.job.name, std::int64_t{definition.owner_uid},
      identity(definition.job, definition.model_digest, definition.inputs), json,
      definition.job.model_path.string(), definition.job.settings.criterion.higher_is_better,
      definition.job_file_digest, definition.model_digest, to_string(definition.space.target),
      definition.space.other_weight_count, tuning::strategy_version, Blob{bytes_of(digest)},
      Blob{bytes_of(digest)}, now_microseconds, evaluation_digest(definition));
  row.step();
  const std::int64_t job = row.integer(0);
  row.step();
  insert_parts(database, job, definition);
  Statement(database, "INSERT INTO epoch VALUES (?, 1, ?, 0, ?)", job, fingerprint,
            now_microseconds)
      .run();
  return job;
}

JobRecord read_job(const Database& database, std::int64_t job) {
  Statement row(database,
                "SELECT state, definition, job_file_digest, model_digest, owner_uid, target,"
                " other_weight_count, strategy_version, job.epoch, fingerprint,"
                " accepts_fingerprint, waits_for_space, ended_early, error, message, digest"
                " FROM job LEFT JOIN epoch ON epoch.job = job.id AND epoch.number = job.epoch"
                " WHERE job.id = ?",
                job);
  if (!row.step()) {
    throw Error(ErrorCode::not_found, "there is no job " + std::to_string(job));
  }
  const auto state = parse_job_state(row.text(0));
  if (!state) throw_damaged(database, job, std::nullopt, "its state is damaged");
  const std::string json = row.text(1);
  JobRecord record;
  record.id = job;
  record.state = *state;
  // One by one: g++ 12 destroys members of a braced list twice when a later one throws.
  record.definition.job_file_digest = row.text(2);
  record.definition.model_digest = row.text(3);
  record.definition.inputs = read_inputs(database, job);
  record.definition.space = read_space(database, job, row.text(5), row.integer(6));
  record.definition.owner_uid = static_cast<uid_t>(row.integer(4));
  record.strategy_version = static_cast<int>(row.integer(7));
  record.epoch = row.integer(8);
  record.fingerprint = row.text(9);
  record.accepts_fingerprint = row.flag(10);
  record.waits_for_space = row.flag(11);
  record.ended_early = row.flag(12);
  record.error = row.text(13);
  record.message = row.text(14);
  record.digest = chain_digest_of(row.blob(15));
  if (digest_of(record.definition, json, record.strategy_version) != record.digest) {
    throw_damaged(database, job, std::nullopt, "its definition, inputs or operators are damaged");
  }
  record.definition.job = read_definition(job, json);
  return record;
}

}  // namespace ampd::store
