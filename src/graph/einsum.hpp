// The equation of an Einsum, taken apart: "ij,jk->ik" says which axes the inputs share.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

/// Letters become numbers; an ellipsis becomes one number per axis it stands for, shared by all
/// inputs and counted from the last.
struct Einsum {
  std::vector<std::vector<std::size_t>> inputs;  // the label of each axis of each input
  std::vector<std::size_t> output;
  std::size_t label_count = 0;
};

/// Throws NodeError when the equation does not fit the ranks.
Einsum parse_einsum(const Node& node, const std::vector<std::size_t>& ranks);

/// The extent of each label; axes of extent 1 broadcast, unknown ones follow the others. Throws
/// NodeError when two inputs disagree.
tensor::Shape einsum_extents(const Node& node, const Einsum& einsum,
                             const std::vector<tensor::Shape>& shapes);

}  // namespace ampd::graph
