// The 16-bit floating types as bit patterns, with the conversions to and from float.
#pragma once

#include <bit>
#include <cstdint>

namespace ampd::tensor {

/// Rounds to nearest even; NaN stays NaN.
std::uint16_t to_bfloat16(float value);
inline float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t to_float16(float value);
float from_float16(std::uint16_t bits);

}  // namespace ampd::tensor
