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

  std::string text() const;

  Shape source_shape() const;
  Shape state_shape() const;

  /// Weights of a size that neither saturates the gates nor leaves them linear.
  Tensor weights(const Shape& shape, unsigned position) const;

  /// The node's outputs; those that it leaves out are no_value.
  std::vector<ValueId> add_to(GraphBuilder& builder, ValueId x) const;

  Graph graph() const;
};

}  // namespace ampd::engine::testing
