// Every tunable operator in bf16 against fp32, within the error that 8 bits explain.
//
// Rounding to 8 bits moves a number by at most 2^-8 of it, evenly spread, so by 2^-8 / sqrt(3) as
// the root of the mean square. A sum of products of two rounded factors is off by sqrt(2) times
// that, 0.82 * 2^-8, relative to what such sums are; the sum itself is kept in f32. The bounds
// below are these errors as roots of mean squares. An error under a tenth of a bound would be none
// of bf16: then the operator ran in another precision, or nothing was compared.
#include <functional>
#include <set>

#include "engine/operators.hpp"
#include "recurrence_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

/// One sum of products.
constexpr double product_bound = 1.0 / 256;
/// The state is rounded at each step, and weighs in the gates as much as the data do: two more
/// rounded factors, and the result's own rounding. Sigmoid and tanh damp all of it, from step to
/// step, and each gate's share.
constexpr double recurrence_bound = 1.0 / 128;

struct Row {
  std::string op_type;
  std::string form;
  double bound = 0;
  std::function<Graph()> graph;
};

Row of_node(const std::string& op_type, const std::string& form, const Shape& data,
            const Shape& weights, const Attributes& attributes = {}, std::int64_t bias = 0) {
  return {op_type, form, product_bound, [=] {
            GraphBuilder builder;
            std::vector<ValueId> inputs{builder.input("x", data), builder.weights(weights)};
            if (bias > 0) inputs.push_back(builder.weights({bias}));
            return builder.finish(builder.node(op_type, inputs, attributes));
          }};
}

Row of_recurrence(const std::string& form, const Recurrence& recurrence) {
  return {recurrence.op_type, form, recurrence_bound, [=] { return recurrence.graph(); }};
}

const Attributes reset_last{{"linear_before_reset", std::int64_t{1}}};

const std::vector<Row> rows{
    of_node("Conv", "3x3", {2, 16, 12, 12}, {32, 16, 3, 3}, {}, 32),
    of_node("Conv", "1x1", {2, 64, 7, 7}, {32, 64, 1, 1}),
    of_node("Conv", "depthwise", {2, 32, 9, 9}, {32, 1, 3, 3}, {{"group", std::int64_t{32}}}),
    of_node("Conv", "one dimension", {2, 16, 50}, {24, 16, 5}),
    of_node("Conv", "three dimensions", {1, 8, 6, 6, 6}, {16, 8, 3, 3, 3}),
    of_node("ConvTranspose", "stride 2", {2, 16, 8, 8}, {16, 8, 2, 2},
            {{"strides", Integers{2, 2}}}, 8),
    of_node("ConvTranspose", "groups", {2, 16, 8, 8}, {16, 6, 3, 3}, {{"group", std::int64_t{2}}}),
    of_node("Gemm", "with bias", {40, 64}, {64, 48}, {}, 48),
    of_node("Gemm", "transposed", {64, 40}, {48, 64},
            {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}}),
    of_node("MatMul", "one matrix", {4, 30, 64}, {64, 48}),
    of_node("MatMul", "batches", {4, 30, 64}, {4, 64, 48}),
    of_recurrence("forward", {.steps = 12, .batch = 8, .width = 32, .hidden = 32}),
    of_recurrence("both ways", {.direction = "bidirectional",
                                .has_states = true,
                                .steps = 50,
                                .batch = 4,
                                .width = 16,
                                .hidden = 48}),
    of_recurrence("forward",
                  {.op_type = "GRU", .steps = 12, .batch = 8, .width = 32, .hidden = 32}),
    of_recurrence("both ways", {.op_type = "GRU",
                                .direction = "bidirectional",
                                .has_states = true,
                                .steps = 50,
                                .batch = 4,
                                .width = 16,
                                .hidden = 48}),
    of_recurrence("reset last", {.op_type = "GRU",
                                 .attributes = reset_last,
                                 .steps = 50,
                                 .batch = 4,
                                 .width = 16,
                                 .hidden = 48}),
    of_recurrence("forward",
                  {.op_type = "RNN", .steps = 12, .batch = 8, .width = 32, .hidden = 32}),
    of_recurrence("reverse", {.op_type = "RNN",
                              .direction = "reverse",
                              .has_states = true,
                              .steps = 50,
                              .batch = 4,
                              .width = 16,
                              .hidden = 48}),
};

}  // namespace

TEST_CASE("the table of bounds has every tunable operator") {
  std::set<std::string> tunable;
  for (const Operator& entry : operator_table()) {
    if (entry.role == Role::tunable) tunable.emplace(entry.type);
  }
  std::set<std::string> bounded;
  for (const Row& row : rows) bounded.insert(row.op_type);
  CHECK(bounded == tunable);
}

TEST_CASE("every tunable operator in bf16 is as far from fp32 as 8 bits explain, and no less") {
  if (!missing_feature(Precision::bf16).empty()) {
    MESSAGE("skipped: this processor has no bf16 kernels");
    return;
  }
  for (const Row& row : rows) {
    CAPTURE(row.op_type);
    CAPTURE(row.form);
    const Graph graph = row.graph();
    const Tensors inputs = random_inputs(graph);
    const Assignment low = all_in(graph, Precision::bf16);
    REQUIRE(low.size() == 1);
    const std::vector<Tensor> exact = run(graph, inputs);
    const std::vector<Tensor> found = run(graph, inputs, low);
    for (std::size_t k = 0; k < exact.size(); ++k) {
      const double error = relative_error(found[k], exact[k]);
      CHECK(error <= row.bound);
      CHECK(error > row.bound / 10);
    }
  }
}
