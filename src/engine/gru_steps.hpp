// The steps of a GRU as matrix products, for where oneDNN has no good kernel for the whole.
//
// What the data give to the gates comes in, one product for all steps. Here each step adds what the
// state gives:
//
//   z, r      = sigmoid(data_zr + state * R_zr)
//   candidate = tanh(data_h + (r * state) * R_h)              reset first
//             = tanh(data_h + r * (state * R_h + bias_h))     reset last
//   state     = (1 - z) * candidate + z * state
//
// Products read the state in their dtype; the state itself is kept in f32.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/step.hpp"

namespace ampd::engine {

struct GruSteps {
  std::int64_t steps = 0;
  std::int64_t batch = 0;
  std::int64_t hidden = 0;
  std::int64_t directions = 1;
  bool starts_backward = false;  // the first direction; a second one always goes backward
  bool resets_last = false;
  tensor::DType dtype = tensor::DType::f32;  // of the products
};

/// Inputs, per direction: weights of z and r, weights of the candidate, both laid out as `weights`
/// say, the data's part of z and r, {steps * batch, 2 * hidden}, and of the candidate,
/// {steps * batch, hidden}, then the state's bias of the candidate, {1, hidden}, if the reset comes
/// last; after all directions the initial states, {directions, batch, hidden}. Outputs: all
/// states, {steps, directions, batch, hidden}, and the last ones, {directions, batch, hidden}.
/// Dense in f32, but for the weights.
struct GruCall {
  std::string implementation;  // of the products
  onednn::Description gate_weights;
  onednn::Description candidate_weights;
  LoopCall call;
};

/// Nothing where oneDNN has no good kernel for the products.
std::optional<GruCall> gru_steps(const GruSteps& form);

}  // namespace ampd::engine
