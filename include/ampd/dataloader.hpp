// Where a program's own samples come from.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "ampd/tensor.hpp"

namespace ampd {

struct Batch {
  Tensors inputs;                // by input name; the first axis of each is the batch
  std::optional<Tensor> labels;  // where the metric needs them
};

/// Batch number `index`, from 0, or nothing after the last one. Called once per batch and
/// candidate, and must give the same each time.
using Dataloader = std::function<std::optional<Batch>(std::int64_t index)>;

}  // namespace ampd
