// Arrays with their axes in another order.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.hpp"

namespace ampd::data {

/// Axis i of the result is axis `permutation[i]` of `array`, as numpy.transpose does.
/// `permutation` names each axis once.
tensor::Tensor transpose(const tensor::Tensor& array, const std::vector<std::int64_t>& permutation);

}  // namespace ampd::data
