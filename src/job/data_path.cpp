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

}  // namespace

std::vector<std::filesystem::path> data_paths(const Job& job) {
  std::vector<std::filesystem::path> paths;
  const auto add = [&](const nlohmann::json& value) {
    if (!is_path(value)) return;
    const std::filesystem::path path = value.get<std::string>();
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  };
  const auto* evaluation = std::get_if<MetricEvaluation>(&job.evaluation);
  if (evaluation == nullptr) return paths;
  const Component& dataset = evaluation->dataloader.dataset;
  const Entry* const entry = find(Role::dataset, dataset.name);
  AMPD_CHECK(entry != nullptr);
  for (const Parameter& parameter : entry->parameters) {
    const auto value = dataset.parameters.find(parameter.name);
    if (value == dataset.parameters.end()) continue;
    const bool is_one = parameter.kind == Kind::folder || parameter.kind == Kind::file ||
                        parameter.kind == Kind::array;
    if (is_one) add(*value);
    if (parameter.kind == Kind::arrays) std::ranges::for_each(*value, add);
  }
  return paths;
}

}  // namespace ampd::job
