// Images of another size, as OpenCV's resize computes them: pixel centres aligned, no filter before
// shrinking except by area.
#pragma once

#include <cstdint>

#include "tensor/tensor.hpp"

namespace ampd::data {

enum class Interpolation : std::uint8_t {
  nearest,
  bilinear,
  bicubic,  // Keys' kernel with a = -0.75
  area,     // means over the area of each new pixel; where the image grows, OpenCV's form of linear
};

/// `image` has three axes, the channels on `channel_axis`, 0 or 2, and so has the result. Bytes
/// stay bytes, rounded to the nearest, half to even; other types become float32.
tensor::Tensor resize(const tensor::Tensor& image, std::int64_t channel_axis, std::int64_t height,
                      std::int64_t width, Interpolation interpolation);

}  // namespace ampd::data
