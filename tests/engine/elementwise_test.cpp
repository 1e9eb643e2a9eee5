#include <limits>

#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

Graph activation(const std::string& op_type, const Shape& shape,
                 const Attributes& attributes = {}) {
  GraphBuilder builder(op_type);
  return builder.finish(builder.node(op_type, {builder.input("x", shape)}, attributes));
}

Graph binary(const std::string& op_type, const Shape& a, const Shape& b) {
  GraphBuilder builder(op_type);
  const ValueId x = builder.input("a", a);
  return builder.finish(builder.node(op_type, {x, builder.input("b", b)}));
}

/// In NHWC, as a convolution leaves it, and with what follows in bf16 too.
Graph after_convolution(const std::string& op_type, const Shape& other) {
  GraphBuilder builder(op_type);
  const ValueId x = builder.input("x", {2, 8, 6, 6});
  const ValueId y = builder.node("Conv", {x, builder.weights({16, 8, 1, 1})});
  const ValueId z = builder.node(op_type, {y, builder.input("other", other)});
  return builder.finish(builder.node("Conv", {z, builder.weights({8, 16, 1, 1})}));
}

const std::vector<std::pair<Shape, Shape>> broadcasts{
    {{2, 3, 4, 5}, {2, 3, 4, 5}},
    {{2, 3, 4, 5}, {1, 3, 1, 1}},
    {{2, 3, 4, 5}, {2, 3, 1, 1}},
    {{2, 3, 4, 5}, {1, 1, 4, 1}},
    {{2, 3, 4, 5}, {2, 1, 4, 5}},
    {{2, 3, 4, 5}, {5}},
    {{2, 3, 4, 5}, {4, 5}},
    {{2, 3, 4, 5}, {}},
    {{2, 3, 4, 5}, {1}},
    {{3, 1}, {1, 4}},
    {{5}, {2, 3, 4, 5}},
    {{1, 3, 1, 1}, {2, 3, 4, 5}},
    {{}, {}},
    {{2, 1, 4}, {3, 1}},
    {{0, 3}, {1, 3}},
};

}  // namespace

TEST_CASE("activations agree with the reference in every rank") {
  for (const char* op_type : {"Abs", "Elu", "HardSwish", "LeakyRelu", "Mish", "Neg", "Relu",
                              "Sigmoid", "Softplus", "Swish", "Tanh", "Gelu"}) {
    for (const Shape& shape : {Shape{2, 17, 5, 3}, Shape{}, Shape{100}, Shape{0, 4}}) {
      CAPTURE(op_type);
      check_fp32(activation(op_type, shape));
    }
  }
  check_fp32(activation("Gelu", {4, 33}, {{"approximate", std::string("tanh")}}));
  check_fp32(activation("Elu", {4, 33}, {{"alpha", 0.3F}}));
  check_fp32(activation("LeakyRelu", {4, 33}, {{"alpha", 0.3F}}));
}

TEST_CASE("Clip takes its bounds from constants, one, both or none") {
  for (const int given : {0, 1, 2, 3}) {
    CAPTURE(given);
    GraphBuilder builder;
    const ValueId x = builder.input("x", {3, 40});
    const ValueId low = builder.constant(Tensor::of<float>({}, {-0.5F}));
    const ValueId high = builder.constant(Tensor::of<float>({}, {0.25F}));
    check_fp32(builder.finish(builder.node("Clip", {x, (given & 1) != 0 ? low : graph::no_value,
                                                    (given & 2) != 0 ? high : graph::no_value})));
  }
}

TEST_CASE("infinities pass through activations as they should") {
  const float infinity = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::of<float>({4}, {infinity, -infinity, 0.0F, -1.0F});
  for (const char* op_type :
       {"Abs", "Elu", "LeakyRelu", "Neg", "Relu", "Sigmoid", "Softplus", "Tanh"}) {
    CAPTURE(op_type);
    check_fp32(activation(op_type, {4}), {{"x", x}});
  }
}

TEST_CASE("a sum keeps a NaN and an infinity") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Tensor a = Tensor::of<float>({3}, {nan, infinity, infinity});
  const Tensor b = Tensor::of<float>({3}, {1, 1, -infinity});
  check_fp32(binary("Add", {3}, {3}), {{"a", a}, {"b", b}});
  check_fp32(binary("Max", {3}, {3}), {{"a", b}, {"b", b}});
}

TEST_CASE("functions of two tensors broadcast as NumPy does") {
  for (const char* op_type : {"Add", "Sub", "Mul", "Div", "Max", "Min"}) {
    for (const auto& [a, b] : broadcasts) {
      CAPTURE(op_type);
      CAPTURE(tensor::to_string(a));
      CAPTURE(tensor::to_string(b));
      check_fp32(binary(op_type, a, b));
    }
  }
}

TEST_CASE("no broadcast runs in a reference kernel") {
  for (const char* op_type : {"Add", "Sub", "Mul", "Div", "Max", "Min"}) {
    for (const auto& [a, b] : broadcasts) {
      for (const StepReport& step : steps_of(binary(op_type, a, b))) {
        CHECK_FALSE(is_reference(step));
      }
    }
  }
}

TEST_CASE("functions of two tensors keep the layout and the type of what comes before") {
  for (const char* op_type : {"Add", "Mul", "Sub", "Max", "PRelu"}) {
    for (const Shape& other : {Shape{16, 1, 1}, Shape{2, 16, 6, 6}, Shape{2, 1, 6, 6}, Shape{1}}) {
      CAPTURE(op_type);
      CAPTURE(tensor::to_string(other));
      if (std::string(op_type) == "PRelu" && other.size() == 4) continue;
      const Graph graph = after_convolution(op_type, other);
      check_fp32(graph);
      if (missing_feature(Precision::bf16).empty()) check_bf16(graph, 1.0 / 64);
    }
  }
}

TEST_CASE("PRelu broadcasts its slope from the right") {
  for (const Shape& slope : {Shape{3, 1, 1}, Shape{1}, Shape{5}, Shape{2, 3, 4, 5}}) {
    check_fp32(binary("PRelu", {2, 3, 4, 5}, slope));
  }
}

TEST_CASE("Sum, Max and Min take any number of tensors") {
  for (const char* op_type : {"Sum", "Max", "Min"}) {
    for (const std::size_t count : {1U, 2U, 3U, 5U}) {
      for (const bool broadcasts_last : {false, true}) {
        CAPTURE(op_type);
        CAPTURE(count);
        GraphBuilder builder;
        std::vector<ValueId> inputs;
        for (std::size_t i = 0; i < count; ++i) {
          const bool is_small = broadcasts_last && i > 0 && i + 1 == count;
          inputs.push_back(builder.input("x" + std::to_string(i),
                                         is_small ? Shape{3, 1, 1} : Shape{2, 3, 4, 5}));
        }
        check_fp32(builder.finish(builder.node(op_type, inputs)));
      }
    }
  }
}

TEST_CASE("a value may be added to itself") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 8, 4, 4});
  const ValueId y = builder.node("Relu", {x});
  check_fp32(builder.finish(builder.node("Add", {y, y})));
}

TEST_CASE("integers are computed too") {
  GraphBuilder builder;
  const ValueId a = builder.input("a", {2, 3}, DType::i64);
  const ValueId b = builder.input("b", {3}, DType::i64);
  const Graph graph = builder.finish(builder.node("Add", {a, b}));
  const Tensors inputs{{"a", Tensor::of<std::int64_t>({2, 3}, {1, 2, 3, 4, 5, 6})},
                       {"b", Tensor::of<std::int64_t>({3}, {10, 20, 30})}};
  const Tensor found = run(graph, inputs)[0];
  CHECK(std::ranges::equal(found.values<std::int64_t>(),
                           std::vector<std::int64_t>{11, 22, 33, 14, 25, 36}));
}
