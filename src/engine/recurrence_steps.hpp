// The steps of an LSTM, GRU or RNN as matrix products, for where oneDNN has no good kernel for the
// whole.
//
// What the data give to the gates comes in, one product for all steps. Here each step adds what the
// state gives. The last gate is the candidate, the others are open or shut by a sigmoid:
//
//   gates     = sigmoid(data + state * R)                                  none in an RNN
//   candidate = tanh(data_h + state * R_h)                                 LSTM, RNN, or by Relu
//             = tanh(data_h + (r * state) * R_h)                           GRU, reset first
//             = tanh(data_h + r * (state * R_h + bias_h))                  GRU, reset last
//   memory    = f * memory + i * candidate;  state = o * tanh(memory)      LSTM: i, o, f
//   state     = (1 - z) * candidate + z * state                            GRU: z, r
//   state     = candidate                                                  RNN
//
// Products read the state in their dtype; state and memory themselves are kept in f32.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/step.hpp"

namespace ampd::engine {

struct RecurrenceSteps {
  onednn::Cell cell = onednn::Cell::lstm;
  std::int64_t steps = 0;
  std::int64_t batch = 0;
  std::int64_t hidden = 0;
  std::int64_t gates = 0;  // the candidate among them
  std::int64_t directions = 1;
  bool starts_backward = false;  // the first direction; a second one always goes backward
  tensor::DType dtype = tensor::DType::f32;  // of the products
};

/// Inputs, per direction: weights of the candidate and, if there are any, of the gates, laid out as
/// said here; the data's part of the candidate, {steps * batch, hidden}, and of the gates,
/// {steps * batch, (gates - 1) * hidden}; the state's bias of the candidate, {1, hidden}, if the
/// reset comes last. After all directions the first states and, of an LSTM, the first memories,
/// {directions, batch, hidden}. Outputs: all states, {steps, directions, batch, hidden}, the last
/// ones and, of an LSTM, the last memories, {directions, batch, hidden}. Dense in f32, but for the
/// weights.
struct RecurrenceCall {
  std::string implementation;  // of the products
  onednn::Description candidate_weights;
  std::optional<onednn::Description> gate_weights;
  LoopCall call;
};

/// Nothing where oneDNN has no good kernel for the products.
std::optional<RecurrenceCall> recurrence_steps(const RecurrenceSteps& form);

}  // namespace ampd::engine
