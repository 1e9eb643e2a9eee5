#include "store/job_record.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "store/encoding.hpp"
#include "store/row_digest.hpp"

namespace ampd::store {
namespace {

constexpr std::array<std::pair<JobState, std::string_view>, 6> state_names{{
    {JobState::queued, "queued"},
    {JobState::running, "running"},
    {JobState::paused, "paused"},
    {JobState::done, "done"},
    {JobState::failed, "failed"},
    {JobState::cancelled, "cancelled"},
}};

}  // namespace

std::string_view to_string(JobState state) {
  return state_names.at(static_cast<std::size_t>(state)).second;
}

std::optional<JobState> parse_job_state(std::string_view word) {
  for (const auto& [state, name] : state_names) {
    if (name == word) return state;
  }
  return std::nullopt;
}

bool is_final(JobState state) {
  return state == JobState::done || state == JobState::failed || state == JobState::cancelled;
}

std::string identity(const job::Job& job, const std::string& model_digest,
                     const std::vector<Input>& inputs) {
  RowDigest digest;
  digest.add(job::to_json(job).dump()).add(model_digest);
  for (const Input& input : inputs) digest.add(input.path.string()).add(input.digest);
  return hex_of_bytes(bytes_of(digest.finish()));
}

std::string evaluation_digest(const JobDefinition& definition) {
  if (!std::holds_alternative<job::MetricEvaluation>(definition.job.evaluation)) return "";
  const nlohmann::json job = job::to_json(definition.job);
  RowDigest digest;
  for (const char* key : {"evaluation", "inputs", "outputs", "seed"}) {
    digest.add(job.at(key).dump());
  }
  digest.add(definition.model_digest);
  for (const Input& input : definition.inputs) digest.add(input.digest);
  return hex_of_bytes(bytes_of(digest.finish()));
}

}  // namespace ampd::store
