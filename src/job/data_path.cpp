#include "job/data_path.hpp"

#include <algorithm>
#include <variant>

#include "base/check.hpp"
#include "job/catalogue.hpp"

namespace ampd::job {
namespace {

/// Names in an archive are not paths.
bool is_path(const nlohmann::json& value) {
  return value.is_string() && std::filesystem::path(value.get<std::string>()).is_absolute();
}

/// Calls `visit` with each parameter of the dataset that holds a path.
template <typename Evaluation, typename Visit>
void for_each_path(Evaluation& evaluation, Visit visit) {
  auto& dataset = evaluation.dataloader.dataset;
  const Entry* const entry = find(Role::dataset, dataset.name);
  AMPD_CHECK(entry != nullptr);
  const auto visit_path = [&](auto& value) {
    if (is_path(value)) visit(value);
  };
  for (const Parameter& parameter : entry->parameters) {
    const auto value = dataset.parameters.find(parameter.name);
    if (value == dataset.parameters.end()) continue;
    const bool is_one = parameter.kind == Kind::folder || parameter.kind == Kind::file ||
                        parameter.kind == Kind::array;
    if (is_one) visit_path(*value);
    if (parameter.kind == Kind::arrays) std::ranges::for_each(*value, visit_path);
  }
}

}  // namespace

std::vector<std::filesystem::path> data_paths(const Job& job) {
  std::vector<std::filesystem::path> paths;
  const auto* evaluation = std::get_if<MetricEvaluation>(&job.evaluation);
  if (evaluation == nullptr) return paths;
  for_each_path(*evaluation, [&](const nlohmann::json& value) {
    const std::filesystem::path path = value.get<std::string>();
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  });
  return paths;
}

void replace_data_paths(
    Job& job,
    const std::function<std::filesystem::path(const std::filesystem::path&)>& replacement) {
  auto* evaluation = std::get_if<MetricEvaluation>(&job.evaluation);
  if (evaluation == nullptr) return;
  for_each_path(*evaluation, [&](nlohmann::json& value) {
    value = replacement(value.get<std::string>()).string();
  });
}

}  // namespace ampd::job
