// The PNG half of image/image.hpp, by libpng.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::image {

tensor::Tensor decode_png(std::span<const std::byte> bytes, const std::string& name);

}  // namespace ampd::image
