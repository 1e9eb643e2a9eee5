#include "job/catalogue.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "job/catalogue_entries.hpp"

namespace ampd::job {
namespace {

std::string folded(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c != '_') result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::metric:
      return "metric";
    case Role::dataset:
      return "dataset";
    case Role::transform:
      return "transform";
    case Role::postprocess:
      return "postprocess transform";
  }
  return "metric";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::text:
      return "text";
    case Kind::folder:
      return "folder";
    case Kind::file:
      return "file";
    case Kind::array:
      return "array";
    case Kind::arrays:
      return "arrays by input";
    case Kind::size:
      return "size";
    case Kind::integers:
      return "integers";
    case Kind::numbers:
      return "numbers";
    case Kind::texts:
      return "texts";
    case Kind::shapes:
      return "shapes";
  }
  return "text";
}

const Parameter* Entry::find(std::string_view parameter) const {
  const auto found = std::ranges::find(parameters, parameter, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

std::span<const Entry> catalogue() {
  static const std::vector<Entry> entries = catalogue_entries();
  return entries;
}

const Entry* find(Role role, std::string_view name) {
  const std::string wanted = folded(name);
  for (const Entry& entry : catalogue()) {
    if (entry.role == role && folded(entry.name) == wanted) return &entry;
  }
  return nullptr;
}

MetricTraits traits(const Component& metric) {
  const Entry* entry = find(Role::metric, metric.name);
  AMPD_CHECK(entry != nullptr);
  if (!metric.parameters.value("compare_label", true)) {
    return {.higher_is_better = entry->higher_is_better,
            .needs_labels = false,
            .needs_reference = true};
  }
  return {entry->higher_is_better, entry->needs_labels, entry->needs_reference};
}

bool has_labels(const Component& dataset) {
  if (dataset.name == "npy") return dataset.parameters.contains("label");
  return dataset.parameters.value("label", true);
}

}  // namespace ampd::job
