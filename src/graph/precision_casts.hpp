// Writes the precision of operators into a graph as casts: the inverse of the pass "cast_pairs".
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ampd/precision.hpp"
#include "graph/graph.hpp"

namespace ampd::graph {

/// Whether an operator itself may compute in `dtype`; else it stands in float32 between casts.
using AllowsDType = std::function<bool(const Node& node, tensor::DType dtype)>;

/// The precision of a node is the one in `precisions`, by node name, else its `stored_precision`,
/// else fp32. Data pass through casts, constant data and weights are stored rounded, a bias stays
/// float32. Throws Error: not_found for an unknown name, unsupported for a precision or an operator
/// that cannot be written so.
void insert_precision_casts(Graph& graph, const std::map<std::string, Precision>& precisions,
                            const AllowsDType& allows);

}  // namespace ampd::graph
