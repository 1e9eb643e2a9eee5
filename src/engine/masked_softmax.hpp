// Scale, mask and softmax of rows in one pass over the memory: rows are scaled and masked as many
// at a time as stay in the cache, and oneDNN's softmax runs over these.
#pragma once

#include <optional>
#include <string>

#include "engine/step.hpp"

namespace ampd::engine {

struct MaskedSoftmax {
  std::string implementation;  // of oneDNN's softmax
  LoopCall call;               // inputs: scores and mask; output: like the scores
};

/// Over the last axis of `scores * scale + mask`, in f32. The scores are row-major in f32 or bf16,
/// the result lies like them; the mask is f32, of the same rank, and its extents are those of the
/// scores or 1. Nothing where oneDNN has no good kernel.
std::optional<MaskedSoftmax> masked_softmax(const Layout& scores, float scale, const Layout& mask);

}  // namespace ampd::engine
