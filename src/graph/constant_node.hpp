// The tensor that a Constant node holds, in whichever of its attributes.
#pragma once

#include <optional>

#include "graph/graph.hpp"

namespace ampd::graph {

/// None when the node holds no number (a string, a sparse tensor).
std::optional<tensor::Tensor> constant_tensor(const Node& node);

}  // namespace ampd::graph
