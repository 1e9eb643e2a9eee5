// Recognises the mean over all spatial axes as global average pooling.
//
//   x (NxCxHxW) ---> ReduceMean over 2, 3 (keepdims 1)      ... (keepdims 0)
//
//   x (NxCxHxW) ---> GlobalAveragePool                      GlobalAveragePool ---> Flatten
//
// Of two spatial axes or more: a mean over the last of three is rather part of a normalization.
#include <algorithm>

#include "graph/node_names.hpp"
#include "graph/node_types.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

bool is_spatial_mean(Graph& graph, const Node& node) {
  if (node.op_type != "ReduceMean") return false;
  const NodeTypes types(graph, node);
  const std::optional<std::size_t> rank = types.rank(0);
  const auto axes = types.integers(1);
  if (!axes || !rank || *rank < 4 || axes->size() != *rank - 2) return false;
  if (types.dtype(0) != tensor::DType::f32) return false;
  std::vector<bool> reduced(*rank, false);
  for (const std::int64_t axis : *axes) reduced[types.axis(axis, *rank)] = true;
  return !reduced[0] && !reduced[1] && std::ranges::count(reduced, true) == std::ssize(*axes);
}

}  // namespace

void apply_global_pools(Graph& graph, const NodeEvaluator&) {
  Rewriter rewriter(graph);
  NodeNames names;
  for (const Node& node : graph.nodes) names.reserve(node.name);
  for (std::size_t index = 0; index < rewriter.node_count(); ++index) {
    Node& node = rewriter.node(index);
    if (!is_spatial_mean(graph, node)) continue;
    const bool keepdims = node.attributes.integer("keepdims", 1) != 0;
    rewriter.set_input(index, 1, no_value);
    node.inputs.resize(1);
    node.attributes = {};
    node.op_type = "GlobalAveragePool";
    if (keepdims) continue;
    tensor::Shape pooled = *graph.value(node.inputs[0]).shape;
    std::fill(pooled.begin() + 2, pooled.end(), 1);
    Node flatten;
    flatten.name = names.make_unique(node.name + "/Flatten");
    flatten.op_type = "Flatten";
    flatten.opset = node.opset;
    flatten.outputs = {node.outputs[0]};
    flatten.inputs = {rewriter.add_value(node.name + "/pooled", tensor::DType::f32, pooled)};
    rewriter.set_output(index, flatten.inputs[0]);
    rewriter.insert_after(index, std::move(flatten));
  }
  rewriter.finish();
}

}  // namespace ampd::graph
