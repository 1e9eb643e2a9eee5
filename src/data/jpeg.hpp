// The JPEG half of data/image.hpp, by libjpeg.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::data {

tensor::Tensor decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

}  // namespace ampd::data
