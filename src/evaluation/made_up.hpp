// Inputs for a model of which no data are at hand.
#pragma once

#include <cstdint>

#include "evaluation/model.hpp"

namespace ampd::evaluation {

/// An input for each of the graph's, whose shapes are known: floating-point numbers from -1 to 1,
/// drawn from the seed, and zeros for all other types.
Tensors made_up_inputs(const graph::Graph& graph, std::uint64_t seed);

}  // namespace ampd::evaluation
