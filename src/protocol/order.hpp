// Orders to a worker and its replies, as values.
//
// A worker serves one order at a time. It answers with any number of Progress and Checkpoint
// replies and then exactly one final reply: the order's own kind, or Failed. `Stop` asks it to end
// the order after the running batch: it sends a last Checkpoint, if it can go on from one, and
// Stopped. A Stop that finds no order running is ignored. How many threads a worker has is settled
// when it is started, not by its orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "ampd/error.hpp"
#include "ampd/outcome.hpp"
#include "ampd/precision.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"
#include "job/job.hpp"

namespace ampd::protocol {

/// Which model: its bytes may lie elsewhere (a copy), external data stays beside the original.
struct ModelReference {
  std::filesystem::path path;    // the bytes
  std::filesystem::path folder;  // where external data may lie
  std::string name;              // for messages: the path that the user gave
};

/// Precisions by operator name; unnamed ones are fp32.
using Precisions = std::map<std::string, Precision>;

/// Tensor files by input name, and shapes for free dimensions.
struct Inputs {
  std::map<std::string, std::filesystem::path> files;
  std::map<std::string, std::vector<std::int64_t>> shapes;
};

/// What the model is and what can be tuned in it on this machine.
struct Inspect {
  ModelReference model;
  Precision target = Precision::bf16;
  Inputs inputs;
  std::optional<job::Job> job;  // its data are opened, and settle the inputs' free extents
};

/// Configs on the job's data, each batch once for all: the first of them, as many as cost and
/// memory allow, at least one. `checkpoint` is the last one that this evaluation sent; with it go
/// on those of the configs that it knows.
struct Evaluate {
  ModelReference model;
  job::Job job;
  std::vector<Precisions> configs;
  double cost_max = 1;                // times what the first config costs alone
  std::int64_t memory_bytes_max = 0;  // of the worker; 0: as much as it takes
  std::optional<nlohmann::json> checkpoint = {};
  std::optional<double> accuracy_needed = {};  // what cannot reach it any more is aborted
};

/// Latency of a config beside the fp32 baseline, in interleaved rounds.
struct Measure {
  ModelReference model;
  job::Job job;
  Precisions precisions;
};

/// The model with a config applied, run again and compared with the config's own outputs.
struct Export {
  ModelReference model;
  job::Job job;
  Precisions precisions;
  std::string profile;  // "bf16" or "fp32"
};

/// SHA-256 of files and folders.
struct Hash {
  std::vector<std::filesystem::path> paths;
};

/// One execution on given inputs; the outputs come back as descriptors of .npy files.
struct Execute {
  ModelReference model;
  Inputs inputs;
  std::variant<Precision, Precisions> precisions = Precision::fp32;  // of all tunable ops, or each
};

struct Bench {
  ModelReference model;
  Inputs inputs;
  std::variant<Precision, Precisions> precisions = Precision::fp32;
  std::int64_t warmup = 5;
  std::int64_t rounds = 30;
};

/// One ONNX conformance case: a folder with model.onnx and test_data_set_*/{input,output}_*.pb.
struct Validate {
  std::filesystem::path folder;
  Precision precision = Precision::fp32;
  double relative_tolerance = 1e-3;
  double absolute_tolerance = 1e-7;
};

/// What the job will take, before anything of it is run.
struct Plan {
  ModelReference model;
  job::Job job;
  std::int64_t memory_bytes_max = 0;  // of the worker; 0: as much as it takes
  std::int64_t trials_max = 1;        // in one pass
};

/// What the worker's machine offers, and what it can do at most.
struct Examine {};

using Order =
    std::variant<Inspect, Evaluate, Measure, Export, Hash, Execute, Bench, Validate, Plan, Examine>;

struct Stop {};

/// What a worker is sent.
using Request = std::variant<Order, Stop>;

struct Progress {
  std::int64_t batches_done = 0;
  std::int64_t batches = 0;
  std::int64_t samples_done = 0;
  std::optional<double> accuracy;  // over the samples so far, of the first config
  std::int64_t configs = 1;        // that are evaluated together
};

struct Checkpoint {
  nlohmann::json state;  // opaque to all but the evaluation
};

struct Stopped {};

struct OpReport {
  std::string name, type;
  std::vector<Precision> precisions;  // empty: not tunable
  std::int64_t flops = 0, bytes = 0;
  std::vector<std::string> absorbed;  // names of operators that run as part of this one
};

struct ValueReport {
  std::string name, dtype;
  std::vector<std::int64_t> shape;  // -1: free
  std::vector<std::string> symbols;
};

struct Inspected {
  TuningSpace space;
  std::string fingerprint;
  int opset = 0;
  std::vector<ValueReport> inputs, outputs;
  std::vector<OpReport> ops;
  std::vector<std::string> unsupported;     // operators that cannot run here, each with its nodes
  std::vector<std::string> external_files;  // in the model's folder, that hold its tensors
  std::string missing_feature;  // why the target precision has no kernel, if it has none
  bool is_emulated = false;     // the processor does not compute in the target precision itself
};

/// What one config gives.
struct Verdict {
  double accuracy = 0;  // may be NaN; if aborted, what it could have come to at best
  std::int64_t model_bytes = 0, footprint_bytes = 0;
  std::optional<std::int64_t> aborted_after = {};  // samples
};

struct Evaluated {
  std::vector<Verdict> verdicts;  // on the first of the order's configs
  std::int64_t samples = 0;
  double seconds = 0;  // of this attempt
  std::string fingerprint;
};

struct Latency {
  std::int64_t median_ns = 0, p10_ns = 0, p90_ns = 0;
};
struct Measured {
  Latency config, baseline;
  Speedup speedup = {};
};

struct Exported {
  std::int64_t samples_compared = 0;  // model bytes come as descriptor 0
};

struct Hashed {
  std::vector<std::string> digests;  // in the order of the paths
};

struct Executed {
  std::vector<ValueReport> outputs;  // outputs[i] comes as descriptor i, in .npy format
};

/// The most that the machine does with as many threads, in 1e9 operations or bytes per second.
struct Peaks {
  int threads = 1;
  double fp32_gflops = 0;
  std::optional<double> bf16_gflops, int8_gops;  // nothing: not offered here
  double read_gbytes = 0, copy_gbytes = 0, triad_gbytes = 0;
};

struct Benched {
  Latency latency;
  Peaks peaks;        // with the worker's threads
  double gflops = 0;  // achieved GFLOP per second at the median
  struct Op {
    std::string name, type, implementation, dtype;
    double milliseconds = 0;
    std::int64_t flops = 0, bytes = 0;
  };
  std::vector<Op> ops;
};

enum class CaseStatus : std::uint8_t { passed, failed, unsupported };

std::string_view to_string(CaseStatus status);

struct Validated {
  CaseStatus status = CaseStatus::failed;
  std::string reason;                   // if not passed
  std::optional<double> max_abs_error;  // over all outputs that could be compared
};

/// Of a search that never meets its goal.
struct Planned {
  struct Stage {
    std::string stage;        // as the store names it
    std::int64_t trials = 0;  // reused ones included
    std::int64_t reused = 0, passes = 0;
    double seconds = 0;
  };
  std::vector<Stage> stages;       // that are reached
  std::string end;                 // why it ends: exhausted, max_trials, timeout, performance_only
  bool is_timed = true;            // false: a command evaluates the trials
  std::int64_t batches = 0;        // of each trial; 0 if not timed
  double preparation_seconds = 0;  // to open model and data
  double latency_seconds = 0;      // of the measurement at the end
  std::int64_t memory_bytes = 0;   // of the worker, at most
  std::int64_t refine_trials = 0;  // of the first round of `refine`, if the job refines
  double refine_seconds = 0;
};

struct Examined {
  std::string fingerprint;
  struct Offer {
    Precision precision = Precision::fp32;
    std::string missing_feature;  // why it has no kernels; empty if it has some
    bool is_emulated = false;     // its kernels compute in fp32
  };
  std::vector<Offer> offers;  // every precision, the highest first
  std::vector<Peaks> peaks;   // with one thread and, if it has more, with the worker's
  bool filters_calls = false, locks_files = false;  // what the worker's sandbox could give up
  std::string spin_count;                           // of OpenMP's barriers
};

struct Failed {
  ErrorCode code = ErrorCode::invalid;
  std::string sentence;
};

using Reply = std::variant<Progress, Checkpoint, Stopped, Inspected, Evaluated, Measured, Exported,
                           Hashed, Executed, Benched, Validated, Planned, Examined, Failed>;

/// The first text that a worker sends, before any order: that it is one, and which version.
std::string encode_greeting();

/// Throws Error(unsupported) when `text` is not the greeting of a worker of this version.
void check_greeting(std::string_view text);

/// Whether `reply` is the last one to its order.
bool is_final(const Reply& reply);

/// Whether `reply` may be given to `order`: a step on the way or Stopped or Failed to any, and of
/// the other final replies only the order's own, with as many parts as the order asks for.
bool answers(const Reply& reply, const Order& order);

/// How many descriptors travel with the reply.
std::size_t descriptor_count(const Reply& reply);

/// JSON text of a request or a reply, and back. Encoding throws Error(invalid) for a text or path
/// that is not UTF-8, except in a Failed's sentence. Parsing treats the text as hostile: it throws
/// Error(invalid) that names the field.
std::string encode(const Request& request);
std::string encode(const Reply& reply);
Request parse_request(std::string_view text);
Reply parse_reply(std::string_view text);

}  // namespace ampd::protocol
