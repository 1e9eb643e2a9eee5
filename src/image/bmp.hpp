// The BMP part of image/image.hpp: uncompressed, 1, 4 and 8 bits of a palette, 24 and 32 bits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::image {

tensor::Tensor decode_bmp(std::span<const std::byte> bytes, const std::string& name);

}  // namespace ampd::image
