// A constant of one element as a number, whatever its type and rank: what recognition passes
// compare factors, exponents and bounds with.
#pragma once

#include <optional>

#include "tensor/tensor.hpp"

namespace ampd::graph {

/// None when there is no tensor, or one of another size.
std::optional<double> scalar_of(const tensor::Tensor* constant);

/// Whether two factors are the same number but for the rounding of their writers.
bool is_near(double a, double b);

}  // namespace ampd::graph
