#include <algorithm>

#include "engine/lower/recurrence.hpp"
#include "engine/recurrence_steps.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

RecurrenceSteps steps_of(const RecurrenceForm& f, DType dtype) {
  return {.cell = f.cell,
          .steps = f.steps,
          .batch = f.batch,
          .hidden = f.hidden,
          .gates = f.gates,
          .directions = f.directions,
          .starts_backward = f.direction == dnnl::rnn_direction::unidirectional_right2left,
          .dtype = dtype};
}

/// What the data give to some gates at all steps.
std::optional<onednn::Offer> data_product(const RecurrenceForm& f, std::int64_t columns,
                                          DType dtype) {
  onednn::Weighted t;
  t.source = Layout(dtype, {f.steps * f.batch, f.width}).descriptor();
  t.weights = onednn::any_layout(dtype, {f.width, columns});
  t.bias = Layout(DType::f32, {1, columns}).descriptor();
  t.destination = Layout(DType::f32, {f.steps * f.batch, columns}).descriptor();
  return onednn::matmul(t, {});
}

/// Gates that stand next to each other, of one direction.
struct Part {
  std::int64_t direction = 0;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
};

/// Their rows of a {directions, gates * hidden, width} constant as {width, rows}.
ValueIndex weights_of(Lowering& lowering, const Node& node, std::size_t slot, const Part& part,
                      const onednn::Description& wanted) {
  const Shape& shape = lowering.shape_of(node.inputs[slot]);
  const std::int64_t offset = (part.direction * shape[1] + part.first_row) * shape[2];
  const ValueIndex rows = lowering.view(lowering.input(node, slot),
                                        Layout(DType::f32, {shape[2], part.rows}, {1, shape[2]}),
                                        offset * tensor::size_bytes(DType::f32));
  return lowering.as(rows, Layout(wanted));
}

ValueIndex data_part(Lowering& lowering, const Node& node, const RecurrenceForm& f,
                     const Part& part, const Tensor& bias) {
  const DType dtype = lowering.source_dtype();
  const onednn::Offer offer = data_product(f, part.rows, dtype).value();
  const ValueIndex x =
      lowering.reshaped(recurrence_source(lowering, node, f), {f.steps * f.batch, f.width});
  Tensor own(DType::f32, {1, part.rows});
  const std::int64_t from = part.direction * f.gates * f.hidden + part.first_row;
  std::copy_n(bias.values<float>().begin() + from, part.rows, own.mutable_values<float>().begin());
  return lowering.add(
      offer, Layout(offer.destination()),
      {.arguments = {{DNNL_ARG_SRC, x},
                     {DNNL_ARG_WEIGHTS, weights_of(lowering, node, 1, part, offer.weights())},
                     {DNNL_ARG_BIAS, lowering.constant(node.name + "/bias", own)}},
       .source = dtype,
       .weights = dtype,
       .flops = 2 * f.steps * f.batch * f.width * part.rows});
}

}  // namespace

bool lower_by_products(Lowering& lowering, const Node& node, const RecurrenceForm& f) {
  const DType dtype = lowering.source_dtype();
  if (!is_offered_by_products(f, dtype)) return false;
  RecurrenceCall steps = recurrence_steps(steps_of(f, dtype)).value();
  const Tensor bias = joined_bias(lowering, node, f);
  std::vector<ValueIndex> inputs;
  for (std::int64_t direction = 0; direction < f.directions; ++direction) {
    const Part gates{direction, 0, (f.gates - 1) * f.hidden};
    const Part candidate{direction, gates.rows, f.hidden};
    inputs.push_back(weights_of(lowering, node, 2, candidate, steps.candidate_weights));
    if (steps.gate_weights) {
      inputs.push_back(weights_of(lowering, node, 2, gates, *steps.gate_weights));
    }
    inputs.push_back(data_part(lowering, node, f, candidate, bias));
    if (steps.gate_weights) inputs.push_back(data_part(lowering, node, f, gates, bias));
    if (!f.resets_last()) continue;
    const Tensor own = state_bias(lowering, node, f, direction, f.gates - 1);
    inputs.push_back(lowering.constant(node.name + "/bias", own));
  }
  inputs.push_back(initial_state(lowering, node, 5, f, DType::f32));
  std::vector<Layout> outputs{{DType::f32, {f.steps, f.directions, f.batch, f.hidden}},
                              {DType::f32, {f.directions, f.batch, f.hidden}}};
  if (f.is_lstm()) {
    inputs.push_back(initial_state(lowering, node, 6, f, DType::f32));
    outputs.push_back(outputs.back());
  }
  const std::vector<ValueIndex> made = lowering.add(
      std::move(steps.implementation), std::move(inputs), outputs, std::move(steps.call));
  define_states(lowering, node, f, made);
  return true;
}

bool is_offered_by_products(const RecurrenceForm& f, DType dtype) {
  const bool has_gates = f.gates > 1;
  return data_product(f, f.hidden, dtype).has_value() &&
         (!has_gates || data_product(f, (f.gates - 1) * f.hidden, dtype).has_value()) &&
         recurrence_steps(steps_of(f, dtype)).has_value();
}

}  // namespace ampd::engine
