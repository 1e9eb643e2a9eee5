#include "graph/channels.hpp"

#include <algorithm>

namespace ampd::graph {

std::optional<tensor::Tensor> per_channel(const tensor::Tensor& value, std::size_t rank,
                                          std::size_t channel_axis, std::int64_t channels) {
  const tensor::Shape& shape = value.shape();
  if (value.dtype() != tensor::DType::f32 || shape.size() > rank || channels < 1) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t axis = rank - shape.size() + i;
    const bool fits = shape[i] == 1 || (axis == channel_axis && shape[i] == channels);
    if (!fits) return std::nullopt;
  }
  if (value.size() == channels) return value.reshaped({channels});
  tensor::Tensor repeated(value.dtype(), {channels});
  std::ranges::fill(repeated.mutable_values<float>(), value.values<float>()[0]);
  return repeated;
}

}  // namespace ampd::graph
