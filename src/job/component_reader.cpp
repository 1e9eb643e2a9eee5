#include "job/component_reader.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "job/component_rules.hpp"
#include "job/key.hpp"
#include "job/nearest.hpp"
#include "job/parameter_value.hpp"
#include "job/section.hpp"

namespace ampd::job {
namespace {

using nlohmann::json;

std::vector<std::string> names_of(Role role) {
  std::vector<std::string> names;
  for (const Entry& entry : catalogue()) {
    if (entry.role == role && entry.is_offered()) names.push_back(entry.name);
  }
  return names;
}

std::vector<std::string> names_of(const Entry& entry) {
  std::vector<std::string> names;
  for (const Parameter& parameter : entry.parameters) names.push_back(parameter.name);
  return names;
}

/// What lies where `full` was looked for and has nearly its name, written as `given` was.
std::string neighbour(const std::filesystem::path& full, const std::filesystem::path& given) {
  constexpr std::size_t looked_at_max = 1000;
  std::vector<std::string> names;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(full.parent_path(), failure), end;
       !failure && entry != end && names.size() < looked_at_max; entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  const std::string name = nearest(full.filename().string(), names);
  return name.empty() ? "" : (given.parent_path() / name).string();
}

}  // namespace

ComponentReader::ComponentReader(Report& report, std::filesystem::path folder)
    : report_(&report), folder_(std::move(folder)) {}

std::optional<Component> ComponentReader::one(Role role, const std::string& key,
                                              const Node& node) const {
  const std::string noun(to_string(role));
  if (node.is_scalar()) {
    Node named;
    named.key = node.text;
    named.key_place = named.place = node.place;
    return component(role, join(key, named.key), named);
  }
  if (!node.is_mapping() || node.children.size() != 1) {
    const std::string given =
        node.is_mapping() ? std::to_string(node.children.size()) + " of them" : describe(node);
    report_->error(ProblemCode::invalid, node.key_place, key,
                   key + " must name one " + noun + ", not " + given);
    return std::nullopt;
  }
  check_children(*report_, key, node);
  return component(role, join(key, node.children.front().key), node.children.front());
}

std::vector<Component> ComponentReader::all(Role role, const std::string& key,
                                            const Node& node) const {
  std::vector<Component> components;
  if (!node.is_mapping()) {
    report_->error(ProblemCode::invalid, node.key_place, key,
                   key + " must be a mapping of names to parameters, not " + describe(node));
    return components;
  }
  check_children(*report_, key, node);
  for (const Node& child : node.children) {
    if (auto found = component(role, join(key, child.key), child)) {
      components.push_back(std::move(*found));
    }
  }
  return components;
}

std::optional<Component> ComponentReader::component(Role role, const std::string& key,
                                                    const Node& node) const {
  const Entry* entry = find(role, node.key);
  const std::string noun(to_string(role));
  if (entry == nullptr) {
    const std::vector<std::string> known = names_of(role);
    report_->error(ProblemCode::unknown_key, node.key_place, key,
                   "there is no " + noun + " \"" + node.key + "\"; expected " + one_of(known),
                   nearest(node.key, known));
    return std::nullopt;
  }
  if (!entry->is_offered()) {
    report_->error(ProblemCode::unsupported, node.key_place, key,
                   "the " + noun + " " + entry->name + " is not offered", entry->remedy);
    return std::nullopt;
  }
  const std::size_t errors_before = report_->errors().size();
  Node scalar;
  const Node* given = &node;
  if (node.is_scalar() && !entry->scalar.empty()) {
    scalar.kind = Node::Kind::mapping;
    scalar.children = {node};
    scalar.children.front().key = entry->scalar;
    given = &scalar;
  } else if (!node.is_mapping() && !node.is_null()) {
    report_->error(ProblemCode::invalid, node.key_place, key,
                   key + " must be a mapping of parameters, not " + describe(node));
    return std::nullopt;
  }
  check_children(*report_, key, *given);
  for (const Node& child : given->children) {
    if (entry->find(child.key) != nullptr) continue;
    const std::vector<std::string> known = names_of(*entry);
    report_->error(ProblemCode::unknown_key, child.key_place, join(key, child.key),
                   entry->name + " has no parameter \"" + child.key + "\"; expected " +
                       (known.empty() ? "none" : one_of(known)),
                   nearest(child.key, known));
  }
  Component component{.name = entry->name};
  for (const Parameter& each : entry->parameters) {
    parameter(*entry, each, key, *given, component.parameters);
  }
  if (report_->errors().size() == errors_before) {
    check_rules(*report_, key, node.key_place, component);
  }
  if (report_->errors().size() != errors_before) return std::nullopt;
  return component;
}

void ComponentReader::parameter(const Entry& entry, const Parameter& parameter,
                                const std::string& key, const Node& node, json& parameters) const {
  const Node* given = node.find(parameter.name);
  const std::string name = join(key, parameter.name);
  if (given == nullptr || given->is_null()) {
    if (parameter.required) {
      report_->error(ProblemCode::missing, node.key_place, name,
                     name + " is missing: " + parameter.meaning + ", " + expectation(parameter));
    }
    if (!parameter.standard.is_null()) parameters[parameter.name] = parameter.standard;
    return;
  }
  if (parameter.ignored) {
    report_->warning(ProblemCode::unsupported, given->key_place, name,
                     name + " is ignored: " + parameter.meaning);
    return;
  }
  const bool in_archive = node.find("file") != nullptr;
  json value;
  if (parameter.kind == Kind::folder || parameter.kind == Kind::file ||
      (parameter.kind == Kind::array && !in_archive)) {
    if (given->is_scalar()) value = path(name, *given, parameter.kind == Kind::folder);
  } else if (parameter.kind == Kind::arrays && given->is_mapping()) {
    check_children(*report_, name, *given);
    for (const Node& array : given->children) {
      const std::string array_key = join(name, array.key);
      if (!array.is_scalar()) {
        report_->error(ProblemCode::invalid, array.key_place, array_key,
                       array_key + " must be an array, not " + describe(array));
      } else {
        value[array.key] = in_archive ? array.text : path(array_key, array, false);
      }
    }
  } else {
    value = value_of(parameter, *given);
  }
  if (value.is_null()) {
    report_->error(ProblemCode::invalid, given->key_place, name,
                   name + " must be " + expectation(parameter) + ", not " + describe(*given),
                   given->is_scalar() ? nearest(given->text, parameter.choices) : "");
  } else if (!parameter.only.is_null() && value != parameter.only) {
    report_->error(
        ProblemCode::unsupported, given->key_place, name,
        entry.name + " is offered only with " + parameter.name + " " + parameter.only.dump(),
        "leave it out");
  } else if (parameter.only.is_null()) {
    parameters[parameter.name] = std::move(value);
  }
}

std::string ComponentReader::path(const std::string& key, const Node& node, bool is_folder) const {
  std::filesystem::path full = (folder_ / node.text).lexically_normal();
  if (!full.has_filename() && full.has_relative_path()) full = full.parent_path();
  const std::string noun = is_folder ? "folder" : "file";
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(full, failure);
  if (status.type() == std::filesystem::file_type::not_found) {
    report_->error(ProblemCode::missing, node.key_place, key,
                   key + ": there is no " + noun + " " + full.string(), neighbour(full, node.text));
  } else if (failure) {
    report_->error(ProblemCode::invalid, node.key_place, key,
                   key + ": cannot look at " + full.string() + ": " + failure.message());
  } else if (is_folder ? !std::filesystem::is_directory(status)
                       : !std::filesystem::is_regular_file(status)) {
    report_->error(ProblemCode::invalid, node.key_place, key,
                   key + ": " + full.string() + " is not a " + noun);
  }
  return full.string();
}

}  // namespace ampd::job
