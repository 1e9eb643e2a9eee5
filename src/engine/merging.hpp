// Which assignments one program carries, and in which order they are lowered.
//
// What assignments share costs once, whatever the order. The order decides how long shared values
// live: those that leave the common path first go first, so that the value at which they leave it
// is freed before the next one is made.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/program.hpp"
#include "engine/step.hpp"

namespace ampd::engine {

/// Positions in `assignments`: the walk through the tree in which they branch at the graph's nodes,
/// smaller branches first.
std::vector<std::size_t> sharing_order(const graph::Graph& graph,
                                       const std::vector<Assignment>& assignments);

/// How many of the first assignments, at least one, cost at most `cost_max` times the first alone
/// when one program carries them. Throws what Program's constructor throws.
std::size_t affordable_count(const graph::Graph& graph, const std::vector<Assignment>& assignments,
                             const std::shared_ptr<WeightCache>& weights, double cost_max);

/// A step's expected time, in units of which only ratios mean something.
double expected_cost(std::int64_t flops, std::int64_t bytes);

}  // namespace ampd::engine
