// Constants that hold one number per channel, in any of the shapes that broadcasting allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tensor/tensor.hpp"

namespace ampd::graph {

/// `value` (float32) as a vector of `channels` numbers, if, broadcast to a tensor of `rank` axes
/// with so many channels at `channel_axis`, it varies along that axis alone.
std::optional<tensor::Tensor> per_channel(const tensor::Tensor& value, std::size_t rank,
                                          std::size_t channel_axis, std::int64_t channels);

}  // namespace ampd::graph
