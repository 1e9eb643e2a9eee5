// Takes the graphs out of If, Loop and Scan nodes once it is known how they run.
//
//   If (condition is true)      ---> the nodes of its then_branch
//   Loop (3 rounds)             ---> the nodes of its body, three times, one after the other
//   Scan (over 3 elements)      ---> likewise
//
// Conditions, numbers of rounds and lengths are known when they are constant after folding: from
// the file, from the input shapes, or bound (graph/cut.hpp). A Loop whose body computes whether it
// goes on is gone through round by round; it is refused when a condition depends on the data.
#pragma once

#include "graph/passes.hpp"

namespace ampd::graph {

/// Expands every node that can be; whether there was one. The nodes of the result have the forms of
/// the file. Throws Error(unsupported) for a Loop that no input decides, Error(exhausted) when the
/// graph would exceed limits::graph_nodes.
bool expand_control_flow(Graph& graph, const NodeEvaluator& evaluate);

}  // namespace ampd::graph
