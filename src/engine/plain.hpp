// Plain kernels: row-major reference implementations of operators, for what oneDNN has no primitive
// for and for folding constants. One table by operator; families of operators are files in
// kernels/.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::engine {

/// The outputs of `node` for these inputs (null: an absent optional input), in row-major order;
/// nothing when there is no plain kernel for the operator and these dtypes. Post-ops are not
/// applied. Throws Error(invalid) naming the node when the inputs break the operator's rules.
std::optional<std::vector<tensor::Tensor>> evaluate_plain(
    const graph::Graph& graph, const graph::Node& node,
    std::span<const tensor::Tensor* const> inputs);

/// Whether evaluate_plain has a kernel for the operator.
bool has_plain_kernel(const graph::Node& node);

}  // namespace ampd::engine
