#include "scheduler/orders.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/memory_size.hpp"
#include "tuning/company.hpp"

namespace ampd::scheduler {
namespace {

protocol::Precisions precisions_of(const TuningSpace& space, const TuneConfig& config) {
  AMPD_CHECK(space.ops.size() == config.precisions.size());
  protocol::Precisions precisions;
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    precisions[space.ops[i].name] = config.precisions[i];
  }
  return precisions;
}

}  // namespace

bool has_command(const store::JobDefinition& definition) {
  return std::holds_alternative<job::CommandEvaluation>(definition.job.evaluation);
}

void restore_model(const store::JobDefinition& definition, const store::Blobs& blobs) {
  if (blobs.contains(definition.model_digest)) return;
  const std::filesystem::path& original = definition.job.model_path;
  if (blobs.add_file(original, base::limits::model_bytes) != definition.model_digest) {
    throw Error(ErrorCode::divergence,
                original.string() +
                    " is not what it was when the job was submitted, and its copy is missing; put "
                    "the old content back and resume the job, or submit it again");
  }
}

protocol::Hash hash_order(const store::JobDefinition& definition, const store::Blobs& blobs) {
  protocol::Hash order{{blobs.path(definition.model_digest)}};
  if (has_command(definition)) order.paths.push_back(definition.job.model_path);
  for (const store::Input& input : definition.inputs) order.paths.push_back(input.path);
  return order;
}

std::vector<std::string> expected_digests(const store::JobDefinition& definition) {
  std::vector<std::string> digests{definition.model_digest};
  if (has_command(definition)) digests.push_back(definition.model_digest);
  for (const store::Input& input : definition.inputs) digests.push_back(input.digest);
  return digests;
}

protocol::ModelReference model_of(const store::JobDefinition& definition,
                                  const store::Blobs& blobs) {
  const std::filesystem::path& original = definition.job.model_path;
  return {blobs.path(definition.model_digest), original.parent_path(), original.string()};
}

protocol::Inspect inspect_order(const job::Job& job, protocol::ModelReference model) {
  return {std::move(model), job.target(), {}, job};
}

protocol::Evaluate evaluate_order(const store::JobDefinition& definition, const store::Blobs& blobs,
                                  const std::vector<tuning::Proposal>& company,
                                  const tuning::Search& search, const PassLimits& limits,
                                  const store::Pass& pass) {
  protocol::Evaluate order;
  order.model = model_of(definition, blobs);
  order.job = definition.job;
  for (const tuning::Proposal& proposal : company) {
    order.configs.push_back(precisions_of(definition.space, proposal.config));
  }
  order.cost_max = tuning::cost_max(search);
  order.accuracy_needed = search.accuracy_needed();
  order.memory_bytes_max = base::memory_budget_bytes(limits.memory_bytes);
  if (!pass.checkpoint.empty()) order.checkpoint = nlohmann::json::parse(pass.checkpoint);
  return order;
}

protocol::Measure measure_order(const store::JobDefinition& definition, const store::Blobs& blobs,
                                const TuneConfig& config) {
  return {model_of(definition, blobs), definition.job, precisions_of(definition.space, config)};
}

runner::Command evaluation_command(const store::JobDefinition& definition, const TuneConfig& config,
                                   const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) {
    base::throw_system_error("cannot make the folder", folder, errno);
  }
  const std::filesystem::path file = folder / "config.json";
  base::write_file(file, to_json(definition.space, config), 0640);
  const auto& evaluation = std::get<job::CommandEvaluation>(definition.job.evaluation);
  return {evaluation.command,
          definition.job.folder,
          {{"AMPD_MODEL", definition.job.model_path.string()}, {"AMPD_CONFIG", file.string()}},
          evaluation.timeout_seconds};
}

}  // namespace ampd::scheduler
