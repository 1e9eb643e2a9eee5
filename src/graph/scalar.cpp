#include "graph/scalar.hpp"

#include <algorithm>
#include <cmath>

namespace ampd::graph {

std::optional<double> scalar_of(const tensor::Tensor* constant) {
  if (constant == nullptr || constant->size() != 1 || constant->dtype() == tensor::DType::boolean) {
    return std::nullopt;
  }
  return tensor::convert(*constant, tensor::DType::f64).values<double>()[0];
}

bool is_near(double a, double b) {
  constexpr double tolerance = 1e-6;  // some units in the last place of a float
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

}  // namespace ampd::graph
