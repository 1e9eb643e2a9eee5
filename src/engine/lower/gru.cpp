#include "base/check.hpp"
#include "engine/gru_steps.hpp"
#include "engine/lower/recurrence.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

GruSteps steps_of(const RecurrenceForm& f, DType dtype) {
  return {.steps = f.steps,
          .batch = f.batch,
          .hidden = f.hidden,
          .directions = f.directions,
          .starts_backward = f.direction == dnnl::rnn_direction::unidirectional_right2left,
          .resets_last = f.resets_last(),
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

/// Their rows of a {directions, 3 * hidden, width} constant as {width, rows}.
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
       .weights = dtype});
}

}  // namespace

bool lower_gru(Lowering& lowering, const Node& node, const RecurrenceForm& f) {
  const DType dtype = lowering.source_dtype();
  if (!is_gru_offered(f, dtype)) return false;
  GruCall gru = gru_steps(steps_of(f, dtype)).value();
  const Tensor bias = joined_bias(lowering, node, f);
  std::vector<ValueIndex> inputs;
  for (std::int64_t direction = 0; direction < f.directions; ++direction) {
    const Part gates{direction, 0, 2 * f.hidden};
    const Part candidate{direction, 2 * f.hidden, f.hidden};
    inputs.push_back(weights_of(lowering, node, 2, gates, gru.gate_weights));
    inputs.push_back(weights_of(lowering, node, 2, candidate, gru.candidate_weights));
    inputs.push_back(data_part(lowering, node, f, gates, bias));
    inputs.push_back(data_part(lowering, node, f, candidate, bias));
    if (!f.resets_last()) continue;
    inputs.push_back(
        lowering.constant(node.name + "/bias", state_bias(lowering, node, f, direction, 2)));
  }
  inputs.push_back(initial_state(lowering, node, 5, f, DType::f32));
  const Layout all(DType::f32, {f.steps, f.directions, f.batch, f.hidden});
  const Layout last(DType::f32, {f.directions, f.batch, f.hidden});
  const std::vector<ValueIndex> made = lowering.add(
      std::move(gru.implementation), std::move(inputs), {all, last}, std::move(gru.call));
  define_states(lowering, node, f, made[0], made[1], std::nullopt);
  return true;
}

bool is_gru_offered(const RecurrenceForm& f, DType dtype) {
  return data_product(f, 2 * f.hidden, dtype).has_value() &&
         data_product(f, f.hidden, dtype).has_value() && gru_steps(steps_of(f, dtype)).has_value();
}

}  // namespace ampd::engine
