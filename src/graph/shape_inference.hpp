// Types and shapes of every value: one table of rules, by operator and its version.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

/// An operator that this program does not know, with the nodes that use it.
struct UnknownOp {
  std::string op_type;  // with its domain, if not ai.onnx
  int opset = 0;
  std::vector<std::string> nodes;
};

/// Every operator of the graph without a rule, so that all can be named before anything runs.
std::vector<UnknownOp> unknown_ops(const Graph& graph);

/// Brings every node to the newest form of its operator (graph/newest_form.hpp) and fills dtype and
/// shape of all node outputs from the inputs', as far as they are known. Throws Error(invalid)
/// naming the node whose inputs do not fit, Error(unsupported) for unknown operators.
void infer_shapes(Graph& graph);

/// A body (a graph inside of a node) that is handed these values: their types, shapes and
/// constants.
Graph with_inputs(const Graph& body, const std::vector<Value>& inputs);

/// The same for the outputs of one node that has its newest form.
void infer_node(Graph& graph, const Node& node);

/// The inputs of such a node whose values its shapes wait for: its rule asks for them, and they are
/// not constant.
std::vector<ValueId> deciding_inputs(Graph& graph, const Node& node);

}  // namespace ampd::graph
