#include "engine/lower/recurrence.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

constexpr std::array<std::int64_t, 3> swapped_states{1, 0, 2};

struct Kind {
  std::int64_t gates;
  std::vector<std::string> activations;
};

Kind kind_of(const Node& node) {
  if (node.op_type == "LSTM") return {4, {"Sigmoid", "Tanh", "Tanh"}};
  if (node.op_type == "GRU") return {3, {"Sigmoid", "Tanh"}};
  return {1, {"Tanh"}};
}

bool has(const Node& node, std::size_t slot) {
  return Lowering::has_input(node, slot);
}

/// The cell, if the activations are those of one.
std::optional<onednn::Cell> cell_of(const Node& node, std::size_t directions) {
  const Kind kind = kind_of(node);
  const bool resets_last = node.attributes.integer("linear_before_reset", 0) != 0;
  const auto repeats = [&](const std::vector<std::string>& cycle) {
    const std::vector<std::string> given = node.attributes.texts("activations");
    bool is_same = given.empty() || given.size() == cycle.size() * directions;
    for (std::size_t i = 0; is_same && i < given.size(); ++i) {
      is_same = given[i] == cycle[i % cycle.size()];
    }
    return is_same;
  };
  if (repeats(kind.activations)) {
    if (kind.gates == 4) return onednn::Cell::lstm;
    if (kind.gates == 1) return onednn::Cell::rnn_tanh;
    return resets_last ? onednn::Cell::gru_reset_last : onednn::Cell::gru;
  }
  return kind.gates == 1 && repeats({"Relu"}) ? std::optional(onednn::Cell::rnn_relu)
                                              : std::nullopt;
}

bool is_constant(const Graph& graph, const Node& node, std::size_t slot) {
  return graph.value(node.inputs[slot]).constant.has_value();
}

/// Whether every entry of the batch is as long as the data.
bool has_full_lengths(const Graph& graph, const Node& node, std::int64_t steps) {
  if (!has(node, 4)) return true;
  const std::optional<Tensor>& lengths = graph.value(node.inputs[4]).constant;
  if (!lengths) return false;
  const Tensor wide = tensor::convert(*lengths, DType::i64);
  return std::ranges::all_of(wide.values<std::int64_t>(),
                             [&](std::int64_t length) { return length == steps; });
}

bool is_float32_throughout(const Graph& graph, const Node& node) {
  const auto is_other = [&](graph::ValueId id) {
    return id != graph::no_value && tensor::is_floating(graph.value(id).dtype) &&
           graph.value(id).dtype != DType::f32;
  };
  return std::ranges::none_of(node.inputs, is_other) &&
         std::ranges::none_of(node.outputs, is_other);
}

dnnl::rnn_direction direction_of(const Node& node) {
  const std::string direction = node.attributes.text("direction", "forward");
  if (direction == "reverse") return dnnl::rnn_direction::unidirectional_right2left;
  if (direction == "bidirectional") return dnnl::rnn_direction::bidirectional_concat;
  return dnnl::rnn_direction::unidirectional_left2right;
}

bool makes(const Node& node, std::size_t output) {
  return output < node.outputs.size() && node.outputs[output] != graph::no_value;
}

/// What the primitive reads and makes for the node.
onednn::Recurrence described(const Node& node, const RecurrenceForm& f, DType dtype) {
  const Shape state{1, f.directions, f.batch, f.hidden};
  onednn::Recurrence r;
  r.cell = f.cell;
  r.direction = f.direction;
  r.source = Layout(dtype, {f.steps, f.batch, f.width}).descriptor();
  r.weights = onednn::any_layout(dtype, {1, f.directions, f.width, f.gates, f.hidden});
  r.state_weights = onednn::any_layout(dtype, {1, f.directions, f.hidden, f.gates, f.hidden});
  r.bias = Layout(DType::f32, {1, f.directions, f.gates + (f.resets_last() ? 1 : 0), f.hidden})
               .descriptor();
  r.destination = Layout(dtype, {f.steps, f.batch, f.directions * f.hidden}).descriptor();
  if (has(node, 5) || has(node, 6)) {
    r.first_state = Layout(dtype, state).descriptor();
    if (f.is_lstm()) r.first_memory = Layout(DType::f32, state).descriptor();
  }
  if (makes(node, 1) || makes(node, 2)) {
    r.last_state = Layout(dtype, state).descriptor();
    if (f.is_lstm()) r.last_memory = Layout(DType::f32, state).descriptor();
  }
  return r;
}

/// Rows of the gates, which ONNX has in the order i, o, f, c for an LSTM, in oneDNN's: i, f, c, o.
Tensor in_order_of_gates(const Tensor& given, const RecurrenceForm& f) {
  if (!f.is_lstm()) return given;
  constexpr std::array<std::ptrdiff_t, 4> order{0, 2, 3, 1};
  Tensor result(DType::f32, given.shape());
  const std::ptrdiff_t block = given.size() / (f.directions * f.gates);
  auto to = result.mutable_values<float>().begin();
  for (std::int64_t direction = 0; direction < f.directions; ++direction) {
    const auto from = given.values<float>().begin() + direction * f.gates * block;
    for (const std::ptrdiff_t gate : order) to = std::copy_n(from + gate * block, block, to);
  }
  return result;
}

ValueIndex weights_of(Lowering& lowering, const Node& node, std::size_t slot,
                      const RecurrenceForm& f, const onednn::Description& wanted) {
  const Tensor& given = *lowering.constant_input(node, slot);
  const ValueIndex rows = lowering.constant(lowering.graph().value(node.inputs[slot]).name,
                                            in_order_of_gates(given, f));
  const ValueIndex split =
      lowering.reshaped(rows, {1, f.directions, f.gates, f.hidden, given.shape()[2]});
  constexpr std::array<std::int64_t, 5> axes{0, 1, 4, 2, 3};
  return lowering.as(lowering.view(split, lowering.layout(split).permuted(axes)), Layout(wanted));
}

ValueIndex bias_of(Lowering& lowering, const Node& node, const RecurrenceForm& f) {
  const Tensor joined = in_order_of_gates(joined_bias(lowering, node, f), f);
  const std::int64_t rows = f.gates + (f.resets_last() ? 1 : 0);
  Tensor result(DType::f32, {1, f.directions, rows, f.hidden});
  auto to = result.mutable_values<float>().begin();
  for (std::int64_t direction = 0; direction < f.directions; ++direction) {
    const std::int64_t count = f.gates * f.hidden;
    to = std::copy_n(joined.values<float>().begin() + direction * count, count, to);
    if (!f.resets_last()) continue;
    to = std::ranges::copy(state_bias(lowering, node, f, direction, 2).values<float>(), to).out;
  }
  return lowering.constant(node.name + "/bias", result);
}

/// The whole node as one primitive.
bool lower_whole(Lowering& lowering, const Node& node, const RecurrenceForm& f) {
  const DType dtype = lowering.source_dtype();
  const onednn::Recurrence r = described(node, f, dtype);
  const std::optional<onednn::Offer> offer = onednn::recurrent(r);
  if (!offer) return false;
  const auto described_as = [&](int argument) { return offer->argument(argument); };
  PrimitiveStep step{
      .arguments = {{DNNL_ARG_SRC_LAYER, recurrence_source(lowering, node, f)},
                    {DNNL_ARG_WEIGHTS_LAYER,
                     weights_of(lowering, node, 1, f, described_as(DNNL_ARG_WEIGHTS_LAYER))},
                    {DNNL_ARG_WEIGHTS_ITER,
                     weights_of(lowering, node, 2, f, described_as(DNNL_ARG_WEIGHTS_ITER))},
                    {DNNL_ARG_BIAS, bias_of(lowering, node, f)}},
      .source = dtype,
      .weights = dtype};
  const Shape state{1, f.directions, f.batch, f.hidden};
  const auto read = [&](int argument, const onednn::Description& wanted, std::size_t slot) {
    if (wanted == onednn::Description()) return;
    const ValueIndex first = initial_state(lowering, node, slot, f, onednn::dtype_of(wanted));
    step.arguments.emplace_back(argument, lowering.reshaped(first, state));
  };
  read(DNNL_ARG_SRC_ITER, r.first_state, 5);
  read(DNNL_ARG_SRC_ITER_C, r.first_memory, 6);
  std::vector<std::pair<int, Layout>> results{{DNNL_ARG_DST_LAYER, Layout(r.destination)}};
  if (r.last_state != onednn::Description()) {
    results.emplace_back(DNNL_ARG_DST_ITER, Layout(r.last_state));
  }
  if (r.last_memory != onednn::Description()) {
    results.emplace_back(DNNL_ARG_DST_ITER_C, Layout(r.last_memory));
  }
  std::vector<ValueIndex> made = lowering.add(*offer, results, std::move(step));
  const ValueIndex split = lowering.reshaped(made[0], {f.steps, f.batch, f.directions, f.hidden});
  constexpr std::array<std::int64_t, 4> axes{0, 2, 1, 3};
  made[0] = lowering.view(split, lowering.layout(split).permuted(axes));
  for (std::size_t k = 1; k < made.size(); ++k) {
    made[k] = lowering.reshaped(made[k], {f.directions, f.batch, f.hidden});
  }
  define_states(lowering, node, f, made);
  return true;
}

ValueIndex swapped_if(Lowering& lowering, ValueIndex value, bool is_swapped) {
  return is_swapped ? lowering.view(value, lowering.layout(value).permuted(swapped_states)) : value;
}

}  // namespace

std::optional<RecurrenceForm> recurrence_form(const Graph& graph, const Node& node) {
  if (!is_float32_throughout(graph, node) || !is_constant(graph, node, 1) ||
      !is_constant(graph, node, 2) || (has(node, 3) && !is_constant(graph, node, 3)) ||
      has(node, 7) || node.attributes.real("clip", 0) > 0 ||
      node.attributes.integer("input_forget", 0) != 0) {
    return std::nullopt;
  }
  const Shape& source = shape_of(graph, node.inputs[0]);
  RecurrenceForm form;
  form.direction = direction_of(node);
  form.is_batch_first = node.attributes.integer("layout", 0) != 0;
  form.steps = source[form.is_batch_first ? 1 : 0];
  form.batch = source[form.is_batch_first ? 0 : 1];
  form.width = source[2];
  form.hidden = shape_of(graph, node.inputs[2])[2];
  form.gates = kind_of(node).gates;
  form.directions = shape_of(graph, node.inputs[1])[0];
  const auto cell = cell_of(node, static_cast<std::size_t>(form.directions));
  if (!cell || !has_full_lengths(graph, node, form.steps)) return std::nullopt;
  form.cell = *cell;
  return form;
}

ValueIndex recurrence_source(Lowering& lowering, const Node& node, const RecurrenceForm& form) {
  const ValueIndex x = swapped_if(lowering, lowering.input(node, 0), form.is_batch_first);
  return lowering.as_row_major(x, lowering.source_dtype());
}

ValueIndex initial_state(Lowering& lowering, const Node& node, std::size_t slot,
                         const RecurrenceForm& form, DType dtype) {
  const Shape shape{form.directions, form.batch, form.hidden};
  if (!has(node, slot)) {
    const ValueIndex zeros = lowering.constant(node.name + "/zero", Tensor(DType::f32, shape));
    return lowering.as_dtype(zeros, dtype);
  }
  return lowering.as_row_major(
      swapped_if(lowering, lowering.input(node, slot), form.is_batch_first), dtype);
}

Tensor joined_bias(const Lowering& lowering, const Node& node, const RecurrenceForm& form) {
  Tensor result(DType::f32, {form.directions, form.gates, form.hidden});
  const Tensor* given = lowering.constant_input(node, 3);
  if (given == nullptr) return result;
  const auto to = result.mutable_values<float>();
  const auto rows = static_cast<std::size_t>(form.gates * form.hidden);
  const std::size_t summed =
      rows - (form.resets_last() ? static_cast<std::size_t>(form.hidden) : 0);
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto from = given->values<float>().subspan(i / rows * 2 * rows, 2 * rows);
    const std::size_t row = i % rows;
    to[i] = from[row] + (row < summed ? from[rows + row] : 0);
  }
  return result;
}

Tensor state_bias(const Lowering& lowering, const Node& node, const RecurrenceForm& form,
                  std::int64_t direction, std::int64_t gate) {
  Tensor result(DType::f32, {1, form.hidden});
  const Tensor* given = lowering.constant_input(node, 3);
  if (given == nullptr) return result;
  const std::int64_t row = ((2 * direction + 1) * form.gates + gate) * form.hidden;
  std::copy_n(given->values<float>().begin() + row, form.hidden,
              result.mutable_values<float>().begin());
  return result;
}

void define_states(Lowering& lowering, const Node& node, const RecurrenceForm& form,
                   const std::vector<ValueIndex>& made) {
  constexpr std::array<std::int64_t, 4> batch_first{2, 0, 1, 3};
  for (std::size_t k = 0; k < node.outputs.size(); ++k) {
    if (!makes(node, k)) continue;
    const ValueIndex value = made.at(k);
    if (k > 0 || !form.is_batch_first) {
      lowering.define(node, k, swapped_if(lowering, value, form.is_batch_first));
    } else {
      lowering.define(node, k, lowering.view(value, lowering.layout(value).permuted(batch_first)));
    }
  }
}

bool takes_recurrence(const Graph& graph, const Node& node) {
  return recurrence_form(graph, node).has_value();
}

bool lower_recurrence(Lowering& lowering, const Node& node) {
  const std::optional<RecurrenceForm> form = recurrence_form(lowering.graph(), node);
  AMPD_CHECK(form.has_value());
  return lower_whole(lowering, node, *form) || lower_by_products(lowering, node, *form);
}

std::int64_t flops_of_recurrence(const Graph& graph, const Node& node) {
  const std::optional<RecurrenceForm> f = recurrence_form(graph, node);
  AMPD_CHECK(f.has_value());
  return 2 * f->steps * f->batch * f->directions * f->gates * f->hidden * (f->width + f->hidden);
}

bool is_recurrence_offered(const Graph& graph, const Node& node, DType dtype) {
  const std::optional<RecurrenceForm> form = recurrence_form(graph, node);
  AMPD_CHECK(form.has_value());
  return onednn::recurrent(described(node, *form, dtype)).has_value() ||
         is_offered_by_products(*form, dtype);
}

}  // namespace ampd::engine
