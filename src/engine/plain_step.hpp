// Plain kernels as steps of a program: row-major values in, row-major values out.
#pragma once

#include "engine/step.hpp"
#include "graph/graph.hpp"

namespace ampd::engine {

/// Evaluates `node`. The call's inputs are the node's inputs that are there and not constant, in
/// order; its outputs the node's outputs that are there. It keeps what it needs of the graph.
/// Throws Error(unsupported) naming the node where there is no kernel for its dtypes.
LoopCall plain_call(const graph::Graph& graph, const graph::Node& node);

}  // namespace ampd::engine
