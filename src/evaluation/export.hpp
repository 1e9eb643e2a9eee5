// Writes a model with a config applied, and proves that the written model is the config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evaluation/job_inputs.hpp"
#include "evaluation/model.hpp"
#include "evaluation/observer.hpp"

namespace ampd::evaluation {

struct Exported {
  std::vector<std::byte> bytes;       // an ONNX file
  std::int64_t samples_compared = 0;  // on which its outputs are the config's, bit for bit
};

/// The written bytes are read again and run beside the config's own program on all of `inputs`.
/// Nothing when stopped. Throws Error: unsupported when the model cannot be written, divergence
/// naming the output and the batch when an output differs.
std::optional<Exported> export_model(Model& model, const Precisions& precisions,
                                     const JobInputs& inputs, const Observer& observer = {});

}  // namespace ampd::evaluation
