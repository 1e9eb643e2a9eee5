// Recurrent nodes by their form.
//
//   Recurrence{.op_type = "GRU", .direction = "reverse", .steps = 7}.graph()
#pragma once

#include "graph_builder.hpp"

namespace ampd::engine::testing {

struct Recurrence {
  std::string op_type = "LSTM";
  Attributes attributes{};
  std::string direction = "forward";
  bool is_batch_first = false;
  bool has_bias = true;
  bool has_states = false;
  bool has_peepholes = false;
  Integers lengths{};
  std::vector<std::size_t> outputs{0, 1, 2};  // those that an LSTM alone has are left out
  std::int64_t steps = 5;
  std::int64_t batch = 2;
  std::int64_t width = 8;
  std::int64_t hidden = 8;
  unsigned seed = 100;

  std::int64_t gates() const { return op_type == "LSTM" ? 4 : op_type == "GRU" ? 3 : 1; }
  std::int64_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  bool is_lstm() const { return op_type == "LSTM"; }

  std::string text() const {
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

  Shape source_shape() const {
    return is_batch_first ? Shape{batch, steps, width} : Shape{steps, batch, width};
  }
  Shape state_shape() const {
    return is_batch_first ? Shape{batch, directions(), hidden} : Shape{directions(), batch, hidden};
  }

  /// Weights of a size that neither saturates the gates nor leaves them linear.
  Tensor weights(const Shape& shape, unsigned position) const {
    return random_tensor(shape, seed + position,
                         static_cast<float>(1 / std::sqrt(static_cast<double>(shape.back()))));
  }

  /// The node's outputs; those that it leaves out are no_value.
  std::vector<ValueId> add_to(GraphBuilder& builder, ValueId x) const {
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

  Graph graph() const {
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
};

}  // namespace ampd::engine::testing
