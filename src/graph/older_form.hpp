// The way back from the newest forms of operators (graph/newest_form.hpp) to those of opset 13 to
// 17, for files that other programs read.
#pragma once

#include "graph/graph.hpp"

namespace ampd::graph {

inline constexpr int older_opset_min = 13;
inline constexpr int older_opset_max = 17;

/// Brings every node to its form at `opset`. Throws Error(unsupported), naming the node, where a
/// newer feature has no form there.
void lower_to_opset(Graph& graph, int opset);

}  // namespace ampd::graph
