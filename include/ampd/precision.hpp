// The ladder of precisions that an operator can be tuned to.
//
// The ladder is open: code asks this file for names and order, and never assumes two rungs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ampd {

/// From the highest precision to the lowest.
enum class Precision : std::uint8_t { fp32, bf16, fp16, int8 };

inline constexpr std::array all_precisions{Precision::fp32, Precision::bf16, Precision::fp16,
                                           Precision::int8};

/// "fp32", "bf16", "fp16" or "int8".
std::string_view to_string(Precision precision);

std::optional<Precision> parse_precision(std::string_view word);

/// Bytes that one number takes in this precision.
std::int64_t size_bytes(Precision precision);

}  // namespace ampd
