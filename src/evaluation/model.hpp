// A model that is read once, with all that is made from it and takes time: graphs for given input
// shapes, their programs, reordered weights.
//
// It is kept as long as orders for it come. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ampd/precision.hpp"
#include "engine/program.hpp"
#include "evaluation/executable.hpp"
#include "evaluation/stage.hpp"
#include "graph/graph.hpp"
#include "tensor/tensor.hpp"

namespace ampd::evaluation {

/// By operator name; unnamed operators are fp32.
using Precisions = std::map<std::string, Precision>;

/// Where a model lies: its bytes may be a copy, its external data stay beside the original.
struct ModelSource {
  std::filesystem::path path;
  std::filesystem::path folder;
  std::string name;  // for messages: the path that the user gave

  bool operator==(const ModelSource&) const = default;
};

/// The graph for given input shapes, and what this machine offers its operators.
///
/// Without `first_stage` all shapes are known and all passes have run. With it, shapes depend on
/// the data: then this is the whole graph, of which some shapes are open and on which the portable
/// passes alone have run, for whoever wants to know its operators before any data are there. What
/// an operator of open shapes is offered is judged by likely ones (engine::offered_precisions); the
/// names of the tunable ones are those of the executed programs.
struct SpecialGraph {
  Shapes shapes;
  graph::Graph graph;
  std::map<std::string, std::vector<Precision>> offered;  // of the tunable ones, fp32 first
  std::shared_ptr<Stage> first_stage;
};

class Model {
 public:
  /// Reads the file. Throws Error naming the model when it cannot be read or is not one.
  explicit Model(ModelSource source);

  /// The same from bytes that were read already.
  Model(std::vector<std::byte> bytes, ModelSource source);

  const ModelSource& source() const { return source_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// As it stands in the file.
  const graph::Graph& imported() const { return imported_; }

  /// From now on the inputs take any shape, whatever the file declares, and must be given one.
  void forget_input_shapes();

  /// Every operator that cannot be executed, each once with the nodes that use it: "Foo of opset 13
  /// (nodes a, b)". Throws Error(invalid) when a shape does not fit.
  std::vector<std::string> unsupported(const Shapes& shapes);

  /// For these input shapes; inputs that are not named keep the file's, free extents left are 1.
  /// Throws Error: unsupported, listing every operator that cannot be executed; invalid when a
  /// shape does not fit.
  std::shared_ptr<const SpecialGraph> graph(const Shapes& shapes);

  /// Gives back the memory of programs that are kept for later.
  void forget_programs() { programs_.clear(); }

  /// Shared by all that is compiled for this model.
  const std::shared_ptr<engine::WeightCache>& weights() const { return weights_; }

  /// What runs one config, on engine::threads(). Throws what `graph` throws.
  std::shared_ptr<Executable> program(const Shapes& shapes, const Precisions& precisions);

 private:
  struct CachedProgram {
    Shapes shapes;
    Precisions precisions;
    int threads = 1;
    std::shared_ptr<Executable> program;
  };

  void drop_old_programs();

  ModelSource source_;
  std::vector<std::byte> bytes_;
  graph::Graph imported_;
  std::shared_ptr<engine::WeightCache> weights_ = engine::make_weight_cache();
  std::list<std::shared_ptr<const SpecialGraph>> graphs_;  // the last used first
  std::list<CachedProgram> programs_;                      // the last used first
};

/// `precisions` without operators in fp32: equal configs become equal.
Precisions without_fp32(Precisions precisions);

Shapes shapes_of(const Tensors& tensors);

/// The outputs' names in the model's order.
std::vector<std::string> output_names(const graph::Graph& graph);

}  // namespace ampd::evaluation
