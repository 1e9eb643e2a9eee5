// A job: everything that decides what is tuned, how it is judged and when it stops.
//
// It is made from a job file, all defaults filled in and all paths absolute, and does not change
// afterwards. Equal jobs over equal inputs give equal results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "ampd/precision.hpp"
#include "ampd/settings.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd::job {

/// A metric, dataset or transform by its name in the catalogue. `parameters` is an object that has
/// passed the catalogue's check, with every default filled in; paths are absolute.
struct Component {
  std::string name;
  nlohmann::json parameters = nlohmann::json::object();

  bool operator==(const Component&) const = default;
};

struct Dataloader {
  std::int64_t batch_size = 1;
  bool discard_last_batch = false;  // a last batch that is not full is left out
  Component dataset;
  std::vector<Component> transforms;  // of the samples, in order

  bool operator==(const Dataloader&) const = default;
};

/// Accuracy measured by ampd: data, then the model, then a metric.
struct MetricEvaluation {
  Component metric;
  Dataloader dataloader;
  std::int64_t batches_max = -1;       // INC's `iteration`; -1: all
  std::vector<Component> postprocess;  // of the outputs and labels

  bool operator==(const MetricEvaluation&) const = default;
};

/// Accuracy measured by the user's own command: the last line of its output is the accuracy.
struct CommandEvaluation {
  std::vector<std::string> command;
  double timeout_seconds = 0;  // 0: none

  bool operator==(const CommandEvaluation&) const = default;
};

/// How latency is measured.
struct PerformanceEvaluation {
  std::int64_t warmup = 5;
  std::int64_t rounds = 30;

  bool operator==(const PerformanceEvaluation&) const = default;
};

/// Pins the operators whose name or type matches the whole pattern. For one operator a constraint
/// of its name counts before one of its type, and a later one before an earlier one.
struct Constraint {
  enum class Scope : std::uint8_t { op, op_type };
  Scope scope = Scope::op;
  std::string pattern;             // ECMAScript regular expression
  std::vector<Precision> allowed;  // one: pinned to it; several: no other may be chosen
  bool must_match = true;          // a pattern that no operator matches is an error

  bool operator==(const Constraint&) const = default;
};

struct Job {
  std::string name;
  std::filesystem::path folder;  // the job file's; commands run in it
  std::filesystem::path model_path;
  std::vector<std::string> inputs;   // the model's, in the order of the dataset's; empty: its own
  std::vector<std::string> outputs;  // which outputs the metric reads; empty: all
  std::vector<Precision> precisions{Precision::bf16};
  std::variant<MetricEvaluation, CommandEvaluation> evaluation;
  PerformanceEvaluation performance;
  TuneSettings settings;
  std::vector<Constraint> constraints;
  int threads = 0;              // 0: the physical cores
  int lanes = 1;                // batches at once, which share the threads; 0: as ampd sees fit
  bool shares_results = false;  // takes outcomes of other jobs
  std::uint64_t seed = 1978;

  /// The rung below fp32 that is tried.
  Precision target() const;

  bool operator==(const Job&) const = default;
};

/// The resolved job as JSON: for the store, for workers and for digests. Keys sorted, stable.
nlohmann::json to_json(const Job& job);

/// Throws Error(invalid) when the JSON is not one that to_json makes.
Job from_json(const nlohmann::json& json);

/// SHA-256 of the resolved job's JSON, in hex.
std::string digest(const Job& job);

/// Applies the constraints to a space found by inspection: pins operators or narrows their
/// precisions. Throws Error: invalid for a pattern that is not a regular expression or that must
/// match and matches no operator, unsupported for an operator that has none of the precisions.
void apply_constraints(const Job& job, TuningSpace& space);

/// Whether `pattern` is a regular expression as constraints use them: ECMAScript's, without
/// back-references, so that matching takes polynomial time.
bool is_pattern(const std::string& pattern);

}  // namespace ampd::job
