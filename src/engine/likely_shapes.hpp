// Shapes for a node whose own depend on the data, so that something can be said of it before any
// data are there.
#pragma once

#include <optional>

#include "graph/graph.hpp"

namespace ampd::engine {

/// Whether an input or output of the node has an unknown shape.
bool has_open_shape(const graph::Graph& graph, const graph::Node& node);

/// A tunable operator alone in a graph, with extents that fit where they are not known: one image
/// of moderate size, matrices of moderate size, one sequence of moderate length. Which kernels
/// oneDNN has is a matter of types, ranks and channels, not of such extents. Nothing for other
/// operators, and for those of whose weights not even the shape is known.
std::optional<graph::Graph> with_likely_shapes(const graph::Graph& graph, const graph::Node& node);

}  // namespace ampd::engine
