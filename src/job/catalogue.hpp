// The catalogue of metrics, datasets and transforms: one table of what a job file may name.
//
// The reader of job files checks parameters against it and fills in defaults, the data layer
// implements exactly the entries that are offered, and docs/job-file.md lists it. Names that Intel
// Neural Compressor knows and ampd does not offer are in the table too, with a remedy.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "job/job.hpp"

namespace ampd::job {

enum class Role : std::uint8_t {
  metric,
  dataset,
  transform,    // of a sample, before the model
  postprocess,  // of outputs and labels, before the metric
};

std::string_view to_string(Role role);

/// The kind of a parameter, and the JSON that it is in Component::parameters.
enum class Kind : std::uint8_t {
  boolean,
  integer,
  number,    // a double
  text,      // a string; one of `choices` where there are any
  folder,    // an absolute path
  file,      // an absolute path
  array,     // an absolute path of a .npy file; beside a `file`, the name of an array in it
  arrays,    // an object: input name -> array
  size,      // [height, width]; a job file may give one number for both
  integers,  // a list; a job file may give one number or "1, 2"
  numbers,
  texts,
  shapes,  // a list of lists of integers; a job file may give one shape or "1, 2"
};

std::string_view to_string(Kind kind);

struct Parameter {
  std::string name;
  Kind kind = Kind::text;
  std::string meaning;
  bool required = false;
  nlohmann::json standard = nullptr;  // the default; null: absent from the JSON unless given
  double minimum = -std::numeric_limits<double>::infinity();  // of a number or each of a list
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  // of a text or each of a list
  nlohmann::json only = nullptr;          // the one value that is offered of those that INC knows
  bool ignored = false;                   // means nothing here; never in the JSON
};

struct Entry {
  Role role = Role::metric;
  std::string name;
  std::string meaning;
  std::vector<Parameter> parameters = {};
  std::string scalar = {};  // the parameter that a bare value stands for: `topk: 5`
  std::string remedy = {};  // not offered: what to use instead

  // Of a metric, with its default parameters:
  bool higher_is_better = true;
  bool needs_labels = true;
  bool needs_reference = false;

  bool is_offered() const { return remedy.empty(); }
  const Parameter* find(std::string_view parameter) const;
};

std::span<const Entry> catalogue();

/// Case and underscores do not count: "dummyV2" finds "dummy_v2". Null if there is none.
const Entry* find(Role role, std::string_view name);

/// What a metric needs and wants, which may depend on its parameters.
struct MetricTraits {
  bool higher_is_better = true;
  bool needs_labels = true;
  bool needs_reference = false;  // the fp32 model's outputs on the same samples

  bool operator==(const MetricTraits&) const = default;
};

/// Of a metric that is in the catalogue.
MetricTraits traits(const Component& metric);

/// Whether the samples of a dataset that is in the catalogue have labels.
bool has_labels(const Component& dataset);

}  // namespace ampd::job
