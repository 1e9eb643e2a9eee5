// A function of two tensors that are broadcast against each other, for the patterns that oneDNN has
// only reference kernels for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/layout.hpp"

namespace ampd::engine {

enum class BroadcastOperation : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  maximum,  // NaN if either is
  minimum,
  prelu,  // a if a >= 0, else a * b
};

/// All three of one rank, f32 or bf16 each; the operands' extents are the result's or 1. Computes
/// in f32 and rounds once.
void broadcast_loop(BroadcastOperation operation, const Layout& a, const std::byte* a_bytes,
                    const Layout& b, const std::byte* b_bytes, const Layout& result,
                    std::byte* result_bytes);

}  // namespace ampd::engine
