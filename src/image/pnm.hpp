// The PNM part of image/image.hpp: PBM, PGM and PPM, as text or bytes, up to 16 bits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::image {

tensor::Tensor decode_pnm(std::span<const std::byte> bytes, const std::string& name);

}  // namespace ampd::image
