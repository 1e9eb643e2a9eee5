#include "recurrence_builder.hpp"

#include <cmath>

namespace ampd::engine::testing {

std::string Recurrence::text() const {
  std::string result = op_type + " " + direction;
  for (const std::int64_t extent : {steps, batch, width, hidden}) {
    result += " " + std::to_string(extent);
  }
  for (const auto& attribute : attributes) result += " " + attribute.first;
  if (is_batch_first) result += " batch first";
  if (has_states) result += " with states";
  if (!has_bias) result += " without bias";
  return result;
}

Shape Recurrence::source_shape() const {
  return is_batch_first ? Shape{batch, steps, width} : Shape{steps, batch, width};
}

Shape Recurrence::state_shape() const {
  return is_batch_first ? Shape{batch, directions(), hidden} : Shape{directions(), batch, hidden};
}

Tensor Recurrence::weights(const Shape& shape, unsigned position) const {
  return random_tensor(shape, seed + position,
                       static_cast<float>(1 / std::sqrt(static_cast<double>(shape.back()))));
}

std::vector<ValueId> Recurrence::add_to(GraphBuilder& builder, ValueId x) const {
  std::vector<ValueId> inputs{
      x, builder.constant(weights({directions(), gates() * hidden, width}, 0)),
      builder.constant(weights({directions(), gates() * hidden, hidden}, 1))};
  inputs.resize(8, graph::no_value);
  if (has_bias) {
    inputs[3] =
        builder.constant(random_tensor({directions(), 2 * gates() * hidden}, seed + 2, 0.3F));
  }
  if (!lengths.empty()) {
    const std::vector<std::int32_t> list(lengths.begin(), lengths.end());
    inputs[4] = builder.constant(Tensor::of<std::int32_t>({std::ssize(lengths)}, list));
  }
  if (has_states) inputs[5] = builder.input("h0", state_shape());
  if (has_states && is_lstm()) inputs[6] = builder.input("c0", state_shape());
  if (has_peepholes) inputs[7] = builder.constant(weights({directions(), 3 * hidden}, 3));
  while (inputs.back() == graph::no_value) inputs.pop_back();
  Attributes all = attributes;
  all.emplace_back("hidden_size", hidden);
  all.emplace_back("direction", direction);
  all.emplace_back("layout", std::int64_t{is_batch_first ? 1 : 0});
  return builder.nodes(op_type, inputs, all, is_lstm() ? 3 : 2);
}

Graph Recurrence::graph() const {
  GraphBuilder builder;
  const std::vector<ValueId> made = add_to(builder, builder.input("x", source_shape()));
  std::vector<bool> is_wanted(made.size(), false);
  for (const std::size_t output : outputs) {
    if (output >= made.size()) continue;
    builder.output(made[output]);
    is_wanted[output] = true;
  }
  Graph graph = builder.finish();
  for (std::size_t k = 0; k < made.size(); ++k) {
    if (!is_wanted[k]) graph.nodes.back().outputs[k] = graph::no_value;
  }
  return graph;
}

}  // namespace ampd::engine::testing
