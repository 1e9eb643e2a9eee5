// Rows divided by the root of their mean square and scaled, for which oneDNN has no primitive.
#pragma once

#include "engine/step.hpp"

namespace ampd::engine {

/// Inputs: rows, one behind the other, in f32 or bf16, and a scale in f32 with a number per column;
/// output: like the rows, in whose place it may be. Computes in f32.
LoopCall rms_normalization(tensor::DType dtype, std::int64_t rows, std::int64_t columns,
                           float epsilon);

}  // namespace ampd::engine
