// An LSTM, GRU or RNN as oneDNN sees it; forms that it has no cells for are left to plain kernels.
#pragma once

#include <optional>

#include "engine/lower/families.hpp"

namespace ampd::engine {

struct RecurrenceForm {
  onednn::Cell cell = onednn::Cell::lstm;
  dnnl::rnn_direction direction = dnnl::rnn_direction::unidirectional_left2right;
  bool is_batch_first = false;
  std::int64_t steps = 0;
  std::int64_t batch = 0;
  std::int64_t width = 0;  // of the input
  std::int64_t hidden = 0;
  std::int64_t gates = 0;
  std::int64_t directions = 0;

  bool is_lstm() const { return cell == onednn::Cell::lstm; }
  bool resets_last() const { return cell == onednn::Cell::gru_reset_last; }
};

/// The node's form; nothing where its weights are not constant, or where it has peepholes, a clip,
/// coupled gates, lengths of its own or other activations than oneDNN's cells.
std::optional<RecurrenceForm> recurrence_form(const Graph& graph, const Node& node);

/// {steps, batch, width}, row-major in the dtype of the products.
ValueIndex recurrence_source(Lowering& lowering, const Node& node, const RecurrenceForm& form);
/// The initial state of slot 5 or 6 as {directions, batch, hidden}, row-major; zeros if absent.
ValueIndex initial_state(Lowering& lowering, const Node& node, std::size_t slot,
                         const RecurrenceForm& form, tensor::DType dtype);
/// The biases of input and state added up: {directions, gates, hidden} in ONNX's order of gates.
/// Those of the state of the last gate are left out where the reset comes after that product.
tensor::Tensor joined_bias(const Lowering& lowering, const Node& node, const RecurrenceForm& form);
/// That of the state for one gate of one direction, {1, hidden}.
tensor::Tensor state_bias(const Lowering& lowering, const Node& node, const RecurrenceForm& form,
                          std::int64_t direction, std::int64_t gate);
/// Defines the node's outputs that are there: all states, made as {steps, directions, batch,
/// hidden}, the last ones and the last memories as {directions, batch, hidden}.
void define_states(Lowering& lowering, const Node& node, const RecurrenceForm& form,
                   const std::vector<ValueIndex>& made);

/// By matrix products, where oneDNN has no good kernel for the whole.
bool lower_by_products(Lowering& lowering, const Node& node, const RecurrenceForm& form);
bool is_offered_by_products(const RecurrenceForm& form, tensor::DType dtype);

}  // namespace ampd::engine
