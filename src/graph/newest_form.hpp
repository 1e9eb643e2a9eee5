// Operators changed over the opsets: attributes became inputs, defaults moved, names were replaced.
// Here every node is brought to the newest form, so that rules, passes, kernels and the engine know
// one form of each operator only.
#pragma once

#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "graph/node_names.hpp"

namespace ampd::graph {

/// The opset whose forms the graph is written in.
inline constexpr int newest_opset = 21;

/// That of the forms which only passes make, beyond what files may use.
inline constexpr int fused_opset = 1'000'000;

/// The nodes that replace `node`, in order; the one that does its work keeps its name. Dtypes and
/// shapes of its inputs stand in the graph as far as they are known. Throws Error(invalid).
std::vector<Node> newest_form(Graph& graph, Node node, NodeNames& names);

/// The operator that does the work of `op_type` at this opset ("Upsample" is "Resize" today).
std::string_view newest_operator(std::string_view op_type, int opset);

}  // namespace ampd::graph
