// Reads metrics, datasets and transforms of a job file, by the catalogue.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "job/catalogue.hpp"
#include "job/document.hpp"
#include "job/report.hpp"

namespace ampd::job {

class ComponentReader {
 public:
  /// Paths are relative to `folder`, which is absolute.
  ComponentReader(Report& report, std::filesystem::path folder);

  /// The one component that stands under `key`: a name, or a mapping of a name to parameters.
  /// Nothing when there is a problem, which is reported.
  std::optional<Component> one(Role role, const std::string& key, const Node& node) const;

  /// The components that stand under `key`, in order: a mapping of names to parameters.
  std::vector<Component> all(Role role, const std::string& key, const Node& node) const;

  /// The absolute path of a file or folder; reports one that does not exist or is of another kind.
  std::string path(const std::string& key, const Node& node, bool is_folder) const;

 private:
  std::optional<Component> component(Role role, const std::string& key, const Node& node) const;
  void parameter(const Entry& entry, const Parameter& parameter, const std::string& key,
                 const Node& node, nlohmann::json& parameters) const;

  Report* report_;
  std::filesystem::path folder_;
};

}  // namespace ampd::job
