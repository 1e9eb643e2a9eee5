// What a job asks of workers and commands.
#pragma once

#include "protocol/order.hpp"
#include "runner/runner.hpp"
#include "store/blobs.hpp"
#include "store/job_record.hpp"
#include "store/state_directory.hpp"
#include "store/trial_record.hpp"

namespace ampd::scheduler {

bool has_command(const store::JobDefinition& definition);

/// Takes the model from its original place when its copy is missing there and the content is still
/// the same. Throws Error.
void restore_model(const store::JobDefinition& definition, const store::Blobs& blobs);

/// Digests of the copy of the model and of all that the job reads where it lies; a command reads
/// the model where it lies, too.
protocol::Hash hash_order(const store::JobDefinition& definition, const store::Blobs& blobs);

/// The digests that hash_order must give.
std::vector<std::string> expected_digests(const store::JobDefinition& definition);

/// `model` may be the original, before the submission, or the copy.
protocol::Inspect inspect_order(const job::Job& job, protocol::ModelReference model);
protocol::ModelReference model_of(const store::JobDefinition& definition,
                                  const store::Blobs& blobs);

/// What evaluations may take.
struct PassLimits {
  std::int64_t memory_bytes = 0;  // of the worker; 0: half of the machine's
  std::int64_t trials = 64;       // in one pass
};

protocol::Evaluate evaluate_order(const store::JobDefinition& definition, const store::Blobs& blobs,
                                  const std::vector<tuning::Proposal>& company,
                                  const tuning::Search& search, const PassLimits& limits,
                                  const store::Pass& pass);
protocol::Measure measure_order(const store::JobDefinition& definition, const store::Blobs& blobs,
                                const TuneConfig& config);

/// Writes the config file that the command is given, into `folder`. Throws Error.
runner::Command evaluation_command(const store::JobDefinition& definition, const TuneConfig& config,
                                   const std::filesystem::path& folder);

}  // namespace ampd::scheduler
