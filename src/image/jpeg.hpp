// The JPEG half of image/image.hpp, by libjpeg.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::image {

tensor::Tensor decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

}  // namespace ampd::image
