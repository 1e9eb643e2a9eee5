#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

struct Case {
  std::string name;
  Shape a;
  Shape b;
  bool has_constant_b = true;
};

Graph product(const Case& c) {
  GraphBuilder builder(c.name);
  const ValueId a = builder.input("a", c.a);
  const ValueId b = c.has_constant_b ? builder.weights(c.b) : builder.input("b", c.b);
  return builder.finish(builder.node("MatMul", {a, b}));
}

const std::vector<Case> products{
    {"matrices", {5, 64}, {64, 10}},
    {"one row", {1, 128}, {128, 33}},
    {"one column", {7, 32}, {32, 1}},
    {"many rows of few numbers", {300, 3}, {3, 5}},
    {"matrices, both computed", {5, 64}, {64, 10}, false},
    {"vector and matrix", {64}, {64, 10}},
    {"matrix and vector", {5, 64}, {64}},
    {"two vectors", {64}, {64}, false},
    {"batches and one matrix", {2, 3, 5, 16}, {16, 8}},
    {"batches and one batch of one", {2, 5, 16}, {1, 16, 8}},
    {"equal batches", {2, 3, 5, 16}, {2, 3, 16, 8}, false},
    {"equal constant batches", {2, 5, 16}, {2, 16, 8}},
    {"one matrix and batches", {5, 16}, {4, 16, 8}, false},
    {"batches broadcast both ways", {2, 1, 5, 16}, {1, 3, 16, 8}, false},
    {"batches of another rank", {5, 16}, {2, 3, 16, 8}, false},
    {"six dimensions", {2, 1, 2, 1, 3, 8}, {2, 2, 2, 2, 8, 4}, false},
    {"no rows", {0, 8}, {8, 4}},
    {"nothing to add up", {3, 0}, {0, 4}, false},
};

struct GemmCase {
  std::string name;
  Shape a;
  Shape b;
  Shape c;
  Attributes attributes;
};

const std::vector<GemmCase> gemms{
    {"row of C", {4, 16}, {16, 8}, {8}, {}},
    {"C of one row", {4, 16}, {16, 8}, {1, 8}, {}},
    {"scalar C", {4, 16}, {16, 8}, {}, {}},
    {"C of one number", {4, 16}, {16, 8}, {1}, {}},
    {"column of C", {4, 16}, {16, 8}, {4, 1}, {}},
    {"full C", {4, 16}, {16, 8}, {4, 8}, {}},
    {"alpha and beta", {4, 16}, {16, 8}, {8}, {{"alpha", 0.5F}, {"beta", -2.0F}}},
    {"transposed A", {16, 4}, {16, 8}, {8}, {{"transA", std::int64_t{1}}}},
    {"transposed B", {4, 16}, {8, 16}, {8}, {{"transB", std::int64_t{1}}}},
    {"all at once",
     {16, 4},
     {8, 16},
     {4, 8},
     {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}, {"alpha", 1.5F}, {"beta", 0.25F}}},
};

Graph gemm(const GemmCase& c, bool has_constants) {
  GraphBuilder builder(c.name);
  const auto operand = [&](const char* name, const Shape& shape) {
    return has_constants ? builder.weights(shape) : builder.input(name, shape);
  };
  const ValueId a = builder.input("a", c.a);
  const ValueId b = operand("b", c.b);
  return builder.finish(builder.node("Gemm", {a, b, operand("c", c.c)}, c.attributes));
}

}  // namespace

TEST_CASE("a matrix product of any ranks agrees with the reference") {
  for (const Case& c : products) {
    CAPTURE(c.name);
    check_fp32(product(c));
  }
}

TEST_CASE("a matrix product in bf16 stays within its rounding and runs in bf16 kernels") {
  if (!missing_feature(Precision::bf16).empty()) return;
  for (const Case& c : products) {
    CAPTURE(c.name);
    const Graph graph = product(c);
    const Assignment assignment = all_in(graph, Precision::bf16);
    if (assignment.empty()) continue;
    // Where few numbers are made, the terms of one may cancel.
    check_bf16(graph, graph.value(graph.outputs[0]).shape->size() == 0 ? 1.0 / 32 : 1.0 / 128);
    for (const StepReport& step : steps_of(graph, assignment)) {
      CHECK_FALSE(is_reference(step));
      if (step.type != "MatMul") continue;
      CHECK(step.source_dtype == DType::bf16);
      CHECK(step.weights_dtype == DType::bf16);
      CHECK(step.destination_dtype == DType::f32);
    }
  }
}

TEST_CASE("Gemm adds what it is given, scaled and transposed as it is told") {
  for (const bool has_constants : {true, false}) {
    for (const GemmCase& c : gemms) {
      CAPTURE(c.name);
      CAPTURE(has_constants);
      const Graph graph = gemm(c, has_constants);
      check_fp32(graph);
      check_bf16(graph);
    }
  }
}

TEST_CASE("Gemm without C is a product") {
  GraphBuilder builder;
  const ValueId a = builder.input("a", {4, 16});
  check_fp32(builder.finish(builder.node("Gemm", {a, builder.weights({16, 8})})));
}

TEST_CASE("a product reads transposed operands where they lie") {
  GraphBuilder builder;
  const ValueId q = builder.input("q", {2, 8, 4, 16});
  const ValueId k = builder.input("k", {2, 8, 4, 16});
  const ValueId heads = builder.node("Transpose", {q}, {{"perm", Integers{0, 2, 1, 3}}});
  const ValueId keys = builder.node("Transpose", {k}, {{"perm", Integers{0, 2, 3, 1}}});
  const Graph graph = builder.finish(builder.node("MatMul", {heads, keys}));
  check_fp32(graph);
  CHECK(count_steps(steps_of(graph), "reorder") == 0);
  CHECK(count_steps(steps_of(graph), "Transpose") == 0);
}

TEST_CASE("a product writes its result in the order that is asked for") {
  for (const auto& [shape, order] : std::vector<std::pair<Shape, Integers>>{
           {{2, 8, 4, 16}, {0, 2, 1, 3}}, {{6, 4, 16}, {1, 0, 2}}, {{2, 8, 4, 16}, {2, 0, 1, 3}}}) {
    CAPTURE(tensor::to_string(shape));
    GraphBuilder builder;
    Shape square = shape;
    square.back() = square[square.size() - 2];
    const ValueId weights = builder.input("weights", square);
    const ValueId values = builder.input("values", shape);
    const ValueId heads = builder.node("MatMul", {weights, values}, {{"result_order", order}});
    const ValueId turned = builder.node("Transpose", {heads}, {{"perm", order}});
    const Graph graph =
        builder.finish(builder.node("Reshape", {turned, builder.integers({4, -1})}));
    check_fp32(graph);
    check_bf16(graph);
    const auto steps = steps_of(graph);
    CHECK(steps.size() == 1);
    CHECK_FALSE(is_reference(steps.front()));
  }
}

TEST_CASE("a product adds what stands first after it as its bias, before the rest") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 6, 16});
  const ValueId y = builder.node("MatMul", {x, builder.weights({16, 16})});
  builder.post_op(PostOp::Kind::add, builder.weights({16}));
  builder.post_op("Gelu");
  builder.post_op(PostOp::Kind::add, builder.weights({16}));
  builder.post_op(PostOp::Kind::sum, x);
  const Graph graph = builder.finish(y);
  check_fp32(graph);
  check_bf16(graph, 1.0 / 64);
}

TEST_CASE("every product of the weights has a fast kernel") {
  for (const Case& c : products) {
    CAPTURE(c.name);
    if (tensor::element_count(c.a) == 0) continue;
    for (const StepReport& step : steps_of(product(c))) {
      CAPTURE(step.implementation);
      CHECK_FALSE(is_reference(step));
      CHECK(step.implementation != "plain");
    }
  }
}
