// A program: one graph under one or more assignments of precisions, compiled to oneDNN primitives.
//
// Compilation decides layouts end to end, fuses post-ops, inserts the fewest casts, plans memory
// and reorders the weights, once per (op, precision, layout), in a WeightCache that programs share.
// Which kernel runs depends on the graph and the precisions alone. Assignments that agree up to an
// operator share everything up to it, and each gives, bit for bit, what it gives alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ampd/precision.hpp"
#include "graph/graph.hpp"

namespace ampd::engine {

/// Precision of operators by node name. Unnamed ones are fp32, whatever precision the file stores
/// them in; those that are not tunable follow their inputs. Names that the graph does not have are
/// ignored: passes may have folded their nodes.
using Assignment = std::map<std::string, Precision>;

/// One step of a program, for tests, profiles and people.
struct StepReport {
  std::string op;              // the node's name; for casts and layout changes, the value's
  std::string type;            // the ONNX operator, or "reorder"
  std::string implementation;  // oneDNN's implementation name, or "plain"
  tensor::DType source_dtype = tensor::DType::f32;
  tensor::DType weights_dtype = tensor::DType::f32;
  tensor::DType destination_dtype = tensor::DType::f32;
  std::int64_t flops = 0;
  std::int64_t bytes = 0;   // read and written
  double milliseconds = 0;  // of the last profiled run
};

/// Reordered weights, shared by the programs of one model, whatever shapes they are specialised
/// for. Used from one thread at a time.
class WeightCache;
std::shared_ptr<WeightCache> make_weight_cache();

/// Used from one thread at a time, but for `run` in lanes. NaN: as oneDNN's kernels have it, Relu,
/// Clip and MaxPool may turn one into a bound; sums, products and normalisations keep it.
class Program {
 public:
  /// `graph` is specialised: all shapes known, passes run; it is not needed afterwards. Throws
  /// Error(unsupported) listing every operator that cannot be executed, or naming one that cannot
  /// run in its precision here.
  Program(const graph::Graph& graph, const Assignment& assignment,
          std::shared_ptr<WeightCache> weights);
  /// Under each of the assignments, of which there is at least one.
  static Program merged(const graph::Graph& graph, const std::vector<Assignment>& assignments,
                        std::shared_ptr<WeightCache> weights);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  /// One execution. Inputs by input name, row-major, with the shapes of the graph; outputs in the
  /// graph's order, row-major, those of one assignment after those of another; an output computed
  /// in bf16 is returned as f32. Each lane has intermediate values of its own: several
  /// threads may run the program at once, each in another lane.
  std::vector<tensor::Tensor> run(const std::map<std::string, tensor::Tensor>& inputs,
                                  std::size_t lane = 0);

  /// Runs once with a clock around each step; `outputs`, if given, are set as `run` gives them.
  std::vector<StepReport> profile(const std::map<std::string, tensor::Tensor>& inputs,
                                  std::vector<tensor::Tensor>* outputs = nullptr);

  std::vector<StepReport> steps() const;
  std::int64_t arena_bytes() const;    // of intermediate values, taken by a lane's first execution
  std::int64_t held_bytes() const;     // of intermediate values in all lanes that have run
  std::int64_t weights_bytes() const;  // weights as this program reads them

 private:
  struct Implementation;
  explicit Program(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// What this machine gives an operator: every precision for which oneDNN has a kernel that is not a
/// reference one, fp32 first. Empty when the operator is not a tunable one. Where its shapes depend
/// on the data, it is judged by likely ones.
std::vector<Precision> offered_precisions(const graph::Graph& graph, const graph::Node& node);

/// Floating-point operations and bytes read and written by one execution in fp32; zeros where the
/// node's shapes depend on the data.
struct Cost {
  std::int64_t flops = 0;
  std::int64_t bytes = 0;
};
Cost cost(const graph::Graph& graph, const graph::Node& node);

/// The nodes of a settled graph that the engine cannot execute, each once.
std::vector<std::string> unsupported_ops(const graph::Graph& graph);

/// Sets the number of threads for every program of the process; call before the first is compiled.
void set_threads(int threads);

/// On which the programs run that the calling thread compiles.
int threads();

/// While it lives, programs that the calling thread compiles get so many threads, and keep them.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int outer_threads_;
  int outer_scope_;
};

/// What pins the numerics of this process: "onednn 2.6.3, isa avx512_core_bf16, threads 2,
/// numerics 3"; inside a ThreadScope, with its threads.
std::string fingerprint();

/// The CPU feature whose absence leaves `precision` without kernels here; empty if it has some.
std::string missing_feature(Precision precision);

/// Whether the kernels for `precision` convert and compute in fp32, because the processor does not
/// compute in it: accuracies are those of `precision`, speeds are not.
bool is_emulated(Precision precision);

}  // namespace ampd::engine
