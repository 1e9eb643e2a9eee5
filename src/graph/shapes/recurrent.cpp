#include <array>

#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;
using tensor::unknown_extent;

std::int64_t extent(const NodeTypes& types, std::size_t input, std::size_t axis) {
  if (!types.shape(input)) return unknown_extent;
  const Shape& shape = *types.shape(input);
  if (shape.size() != 3)
    types.fail("needs inputs of 3 dimensions, not " + tensor::to_string(shape));
  return shape[axis];
}

void require(const NodeTypes& types, std::size_t input, const Shape& expected) {
  if (!types.has(input) || !types.shape(input)) return;
  const Shape& shape = *types.shape(input);
  bool fits = shape.size() == expected.size();
  for (std::size_t axis = 0; fits && axis < expected.size(); ++axis) {
    fits = shape[axis] < 0 || expected[axis] < 0 || shape[axis] == expected[axis];
  }
  if (!fits) {
    types.fail("has the input " + std::to_string(input) + " of shape " + tensor::to_string(shape) +
               " where " + tensor::to_string(expected) + " is expected");
  }
}

std::int64_t times(std::int64_t count, std::int64_t extent) {
  return extent < 0 ? extent : count * extent;
}

void infer_recurrent(NodeTypes& types, std::int64_t gates) {
  const Attributes& attributes = types.attributes();
  const std::string direction = attributes.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    types.fail("has the direction " + direction);
  }
  types.require_one_dtype({0, 1, 2, 3, 5, 6, 7});
  const std::int64_t directions = direction == "bidirectional" ? 2 : 1;
  const bool batch_first = attributes.integer("layout", 0) != 0;
  const std::int64_t steps = extent(types, 0, batch_first ? 1 : 0);
  const std::int64_t batch = extent(types, 0, batch_first ? 0 : 1);
  const std::int64_t hidden = attributes.integer("hidden_size", extent(types, 2, 2));
  if (hidden == 0 || hidden < -1 || hidden > (1 << 24)) types.fail("has an impossible hidden_size");
  require(types, 1, {directions, times(gates, hidden), extent(types, 0, 2)});
  require(types, 2, {directions, times(gates, hidden), hidden});
  require(types, 3, {directions, times(2 * gates, hidden)});
  require(types, 4, {batch});
  const Shape state =
      batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  require(types, 5, state);
  require(types, 6, state);
  require(types, 7, {directions, times(3, hidden)});
  types.set(0, types.dtype(0),
            batch_first ? Shape{batch, steps, directions, hidden}
                        : Shape{steps, directions, batch, hidden});
  types.set(1, types.dtype(0), state);
  types.set(2, types.dtype(0), state);
}

void infer_rnn(NodeTypes& types) {
  infer_recurrent(types, 1);
}

void infer_gru(NodeTypes& types) {
  infer_recurrent(types, 3);
}

void infer_lstm(NodeTypes& types) {
  infer_recurrent(types, 4);
}

constexpr std::array rules{
    ShapeRule{"GRU", 1, 3, 6, 2, infer_gru},
    ShapeRule{"LSTM", 1, 3, 8, 3, infer_lstm},
    ShapeRule{"RNN", 1, 3, 6, 2, infer_rnn},
};

}  // namespace

std::span<const ShapeRule> recurrent_shapes() {
  return rules;
}

}  // namespace ampd::graph
