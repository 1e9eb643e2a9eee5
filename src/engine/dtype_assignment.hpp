// Which element type every node reads and every value is stored in, from graph and precisions
// alone.
//
// A tunable operator reads the type of its precision. What it makes is stored in that type if
// anybody reads it so, else in f32, which costs a low-precision kernel nothing but those of LSTM
// and RNN a cast; the memory of an LSTM, which adds up over the steps, is always f32. A following
// operator works in the low type that all its inputs can have, unless everybody who reads its
// result wants f32. So one cast is left per value that is read in two types, and none per value
// that is read in one, except from f32 down to a lower type.
#pragma once

#include <vector>

#include "engine/program.hpp"
#include "graph/graph.hpp"

namespace ampd::engine {

struct NodeDtypes {
  tensor::DType source = tensor::DType::f32;  // in which float32 inputs are read
  std::vector<tensor::DType> outputs;         // in which the results are stored

  auto operator<=>(const NodeDtypes&) const = default;
};

/// The precision that a node runs in: the one that the assignment names, else fp32. Throws
/// Error(unsupported) naming the node when it is not offered that one.
Precision precision_of(const graph::Graph& graph, const graph::Node& node,
                       const Assignment& assignment);

/// One entry per node of the graph.
std::vector<NodeDtypes> assign_dtypes(const graph::Graph& graph, const Assignment& assignment);

}  // namespace ampd::engine
