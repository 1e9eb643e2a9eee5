// The passes: every change that is made to a graph between import and compilation, in one list.
//
// A pass is a function from graph to graph that keeps every result, beyond rounding. The list is
// applied in its order; the graph is verified after each; any pass can be left out by name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

/// Computes a node whose inputs are all constant; nothing when it cannot. Injected by the engine,
/// so that folding and execution share their kernels. An absent optional input is a null pointer.
using NodeEvaluator = std::function<std::optional<std::vector<tensor::Tensor>>(
    const Graph&, const Node&, std::span<const tensor::Tensor* const>)>;

struct PassOptions {
  std::set<std::string, std::less<>> skipped;                     // names of passes to leave out
  std::function<void(std::string_view pass, const Graph&)> dump;  // called after each pass, if set
};

struct Pass {
  std::string_view name;
  void (*apply)(Graph& graph, const NodeEvaluator& evaluate);
  bool is_portable;  // needs no input shapes, and leaves operators of ONNX alone
};

/// All passes, in the order in which they run.
std::span<const Pass> all_passes();

/// Fixes the inputs' shapes, by input name (an unnamed input keeps its own; a free extent left is
/// 1), turns the inputs that `values` names into constants and runs the portable passes. Every
/// shape is known then that does not depend on the data. Throws Error(invalid) when a shape or a
/// value does not fit its input.
Graph settle(const Graph& graph, const std::map<std::string, tensor::Shape>& input_shapes,
             const std::map<std::string, tensor::Tensor>& values, const NodeEvaluator& evaluate,
             const PassOptions& options = {});

/// The first node with an output of unknown shape; null when every shape is known.
const Node* find_open_node(const Graph& graph);

/// Runs the other passes on a settled graph, every shape of which is known.
Graph complete(Graph graph, const NodeEvaluator& evaluate, const PassOptions& options = {});

/// Both. Throws Error(unsupported) when a shape depends on the data: graph/cut.hpp is for those.
Graph specialise(const Graph& graph, const std::map<std::string, tensor::Shape>& input_shapes,
                 const NodeEvaluator& evaluate, const PassOptions& options = {});

/// The portable passes alone, on a graph whose input shapes may be open: what settles the weights
/// before they are written in a lower precision.
Graph simplify(const Graph& graph, const NodeEvaluator& evaluate);

}  // namespace ampd::graph
