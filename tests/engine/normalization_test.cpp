#include <limits>

#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

Graph batch_normalization(const Shape& shape, bool is_after_convolution) {
  GraphBuilder builder;
  ValueId x = builder.input("x", shape);
  if (is_after_convolution) {
    x = builder.node("Conv", {x, builder.weights({shape[1], shape[1], 1, 1})});
  }
  const std::int64_t channels = shape[1];
  Tensor variance = random_tensor({channels}, 7);
  for (float& value : variance.mutable_values<float>()) value = std::abs(value) + 0.5F;
  return builder.finish(builder.node("BatchNormalization",
                                     {x, builder.weights({channels}), builder.weights({channels}),
                                      builder.weights({channels}), builder.constant(variance)}));
}

}  // namespace

TEST_CASE("Softmax works along any axis, in the layout it finds") {
  for (const char* op_type : {"Softmax", "LogSoftmax"}) {
    for (const std::int64_t axis : {0, 1, 2, 3, -1}) {
      CAPTURE(axis);
      GraphBuilder builder;
      const ValueId x = builder.input("x", {2, 5, 4, 3});
      check_fp32(builder.finish(builder.node(op_type, {x}, {{"axis", axis}})));

      GraphBuilder other;
      const ValueId y =
          other.node("Conv", {other.input("x", {2, 5, 4, 3}), other.weights({7, 5, 1, 1})});
      const Graph graph = other.finish(other.node(op_type, {y}, {{"axis", axis}}));
      check_fp32(graph);
      for (const StepReport& step : steps_of(graph)) CHECK_FALSE(is_reference(step));
    }
  }
}

namespace {

struct Mask {
  Shape scores;
  Shape mask;
};

const std::vector<Mask> masks{
    {{2, 3, 5, 8}, {1, 1, 5, 8}},       {{2, 3, 5, 8}, {5, 8}},    {{2, 3, 5, 8}, {2, 1, 1, 8}},
    {{2, 3, 5, 8}, {2, 3, 5, 8}},       {{2, 3, 5, 8}, {3, 5, 1}}, {{2, 3, 5, 8}, {}},
    {{2, 3, 5, 8}, {2, 1, 5, 1}},       {{1, 1, 1, 1}, {1}},       {{7}, {7}},
    {{1, 4, 128, 96}, {128, 96}},       {{3, 40001}, {3, 1}},      {{1000, 33}, {1000, 33}},
    {{2, 4, 64, 100}, {2, 1, 64, 100}},
};

}  // namespace

TEST_CASE("MaskedSoftmax scales, masks and softens rows, few or many, under any broadcast") {
  for (const Mask& c : masks) {
    for (const bool is_constant : {true, false}) {
      CAPTURE(tensor::to_string(c.scores));
      CAPTURE(tensor::to_string(c.mask));
      GraphBuilder builder;
      const ValueId scores = builder.node("Neg", {builder.input("scores", c.scores)});
      const ValueId mask = is_constant ? builder.weights(c.mask) : builder.input("mask", c.mask);
      const Graph graph =
          builder.finish(builder.node("MaskedSoftmax", {scores, mask}, {{"scale", 0.3F}}));
      check_fp32(graph);
      const auto steps = steps_of(graph);
      CHECK(steps.size() == 2);
      CHECK_FALSE(is_reference(steps.back()));
    }
  }
}

TEST_CASE("MaskedSoftmax runs in several lanes at once") {
  GraphBuilder builder;
  const ValueId scores = builder.input("scores", {4, 64, 64});
  check_lanes(builder.finish(
      builder.node("MaskedSoftmax", {scores, builder.weights({64, 64})}, {{"scale", 0.25F}})));
}

TEST_CASE("MaskedSoftmax hides what the mask makes infinitely small") {
  GraphBuilder builder;
  const ValueId scores = builder.input("scores", {2, 2});
  const float infinity = std::numeric_limits<float>::infinity();
  const ValueId mask = builder.constant(Tensor::of<float>({2, 2}, {0, -infinity, 0, 0}));
  const Graph graph = builder.finish(builder.node("MaskedSoftmax", {scores, mask}));
  const Tensor result = run(graph, {{"scores", Tensor::of<float>({2, 2}, {5, 100, 1, 1})}})[0];
  CHECK(std::ranges::equal(result.values<float>(), std::vector<float>{1, 0, 0.5F, 0.5F}));
}

TEST_CASE("an attention in bf16 stores its scores and weights in bf16") {
  if (!missing_feature(Precision::bf16).empty()) return;
  GraphBuilder builder;
  const ValueId q = builder.input("q", {2, 3, 9, 16});
  const ValueId k = builder.input("k", {2, 3, 16, 9});
  const ValueId scores = builder.node("MatMul", {q, k});
  const ValueId softened =
      builder.node("MaskedSoftmax", {scores, builder.weights({9, 9})}, {{"scale", 0.25F}});
  const Graph graph =
      builder.finish(builder.node("MatMul", {softened, builder.input("v", {2, 3, 9, 16})}));
  // The scores are of magnitude 4 and rounded to 8 bits before they become exponents.
  check_bf16(graph, 1.0 / 64);
  const auto steps = steps_of(graph, all_in(graph, Precision::bf16));
  for (const StepReport& step : steps) {
    CHECK_FALSE(is_reference(step));
    if (step.type != "MaskedSoftmax") continue;
    CHECK(step.source_dtype == DType::bf16);
    CHECK(step.destination_dtype == DType::bf16);
  }
  CHECK(count_steps(steps, "reorder") == 3);  // of the inputs
}

TEST_CASE("a bf16 network ends in a softmax that reads f32") {
  if (!missing_feature(Precision::bf16).empty()) return;
  GraphBuilder builder;
  const ValueId y = builder.node("Gemm", {builder.input("x", {4, 32}), builder.weights({32, 10})});
  const Graph graph = builder.finish(builder.node("Softmax", {y}));
  const auto steps = steps_of(graph, all_in(graph, Precision::bf16));
  CHECK(steps.back().type == "Softmax");
  CHECK(steps.back().source_dtype == DType::f32);
  CHECK(count_steps(steps, "reorder") == 1);
}

TEST_CASE("RMSNormalization agrees with the reference over any last axes, in both precisions") {
  for (const std::int64_t axis : {-1, 1, 0}) {
    CAPTURE(axis);
    const Shape shape{2, 5, 24};
    const Shape normalized(shape.begin() + (axis < 0 ? axis + 3 : axis), shape.end());
    GraphBuilder builder;
    const std::vector<ValueId> inputs{builder.input("x", shape), builder.weights(normalized)};
    const Graph graph = builder.finish(
        builder.node("RMSNormalization", inputs, {{"axis", axis}, {"epsilon", 1e-3F}}));
    check_fp32(graph);
    const auto steps = steps_of(graph);
    CHECK(steps.size() == 1);
    CHECK(steps[0].implementation == "loop");
  }
  if (!missing_feature(Precision::bf16).empty()) return;
  GraphBuilder builder;
  const ValueId product =
      builder.node("MatMul", {builder.input("x", {3, 16}), builder.weights({16, 24})});
  const ValueId normal = builder.node("RMSNormalization", {product, builder.weights({24})});
  const Graph graph = builder.finish(builder.node("MatMul", {normal, builder.weights({24, 8})}));
  // Each of three roundings to 8 bits moves a sum of products by at most its own 1/256.
  check_bf16(graph, 3.0 / 256);
  for (const StepReport& step : steps_of(graph, all_in(graph, Precision::bf16))) {
    if (step.type == "RMSNormalization") CHECK(step.destination_dtype == DType::bf16);
  }
}

TEST_CASE("LayerNormalization agrees with the reference over any last axes, scaled and shifted") {
  for (const std::int64_t axis : {-1, 1, 2, 0}) {
    for (const std::size_t parameters : {1, 2}) {
      CAPTURE(axis);
      CAPTURE(parameters);
      const Shape shape{2, 5, 24};
      const Shape normalized(shape.begin() + (axis < 0 ? axis + 3 : axis), shape.end());
      GraphBuilder builder;
      std::vector<ValueId> inputs{builder.input("x", shape), builder.weights(normalized)};
      if (parameters > 1) inputs.push_back(builder.weights(normalized));
      const Graph graph = builder.finish(
          builder.node("LayerNormalization", inputs, {{"axis", axis}, {"epsilon", 1e-3F}}));
      check_fp32(graph);
      for (const StepReport& step : steps_of(graph)) {
        CHECK_FALSE(is_reference(step));
        CHECK(step.implementation != "plain");
      }
    }
  }
}

TEST_CASE("LayerNormalization of what a convolution left channels last is laid out anew") {
  GraphBuilder builder;
  const ValueId x =
      builder.node("Conv", {builder.input("x", {2, 8, 6, 5}), builder.weights({16, 8, 1, 1})});
  const ValueId y = builder.node("LayerNormalization",
                                 {x, builder.weights({16, 6, 5}), builder.weights({16, 6, 5})},
                                 {{"axis", std::int64_t{1}}});
  check_fp32(builder.finish(y));
}

TEST_CASE("LayerNormalization between products in bf16 reads and writes bf16") {
  if (!missing_feature(Precision::bf16).empty()) return;
  GraphBuilder builder;
  const ValueId x =
      builder.node("MatMul", {builder.input("x", {4, 6, 32}), builder.weights({32, 32})});
  const ValueId y =
      builder.node("LayerNormalization", {x, builder.weights({32}), builder.weights({32})});
  const Graph graph = builder.finish(builder.node("MatMul", {y, builder.weights({32, 8})}));
  // Two products and what is stored between, each rounded to 8 bits.
  check_bf16(graph, 1.0 / 64);
  for (const StepReport& step : steps_of(graph, all_in(graph, Precision::bf16))) {
    if (step.type != "LayerNormalization") continue;
    CHECK(step.source_dtype == DType::bf16);
    CHECK(step.weights_dtype == DType::f32);
    CHECK(step.destination_dtype == DType::bf16);
  }
}

TEST_CASE("LRN agrees with the reference for every size") {
  for (const std::int64_t size : {1, 3, 4, 5, 9}) {
    CAPTURE(size);
    GraphBuilder builder;
    const ValueId x = builder.input("x", {2, 20, 6, 5});
    check_fp32(builder.finish(builder.node(
        "LRN", {x}, {{"size", size}, {"alpha", 0.1F}, {"beta", 0.6F}, {"bias", 2.0F}})));
  }
}

TEST_CASE("BatchNormalization scales channels of any rank") {
  for (const Shape& shape :
       {Shape{3, 8}, Shape{2, 8, 5}, Shape{2, 8, 5, 4}, Shape{1, 8, 3, 4, 5}}) {
    CAPTURE(tensor::to_string(shape));
    check_fp32(batch_normalization(shape, false));
  }
  const Graph graph = batch_normalization({2, 8, 5, 4}, true);
  check_fp32(graph);
  for (const StepReport& step : steps_of(graph)) CHECK_FALSE(is_reference(step));
}

TEST_CASE("BatchNormalization does its post-ops") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 8, 5, 4});
  const ValueId y = builder.node("Relu", {x});
  builder.node("BatchNormalization",
               {x, builder.weights({8}), builder.weights({8}), builder.weights({8}),
                builder.constant(Tensor::of<float>({8}, {1, 2, 3, 4, 5, 6, 7, 8}))});
  const ValueId scale = builder.weights({8});
  builder.post_op(PostOp::Kind::mul, scale);
  builder.post_op(PostOp::Kind::sum, y);
  builder.post_op("Relu");
  builder.output(y);
  check_fp32(builder.finish(static_cast<ValueId>(7)));
}

TEST_CASE("means and sums are taken over any axes") {
  for (const char* op_type : {"ReduceMean", "ReduceSum"}) {
    for (const Integers& axes : {Integers{1}, Integers{-1}, Integers{0}, Integers{0, 2},
                                 Integers{2, 3}, Integers{0, 1, 2, 3}, Integers{}}) {
      for (const std::int64_t keepdims : {0, 1}) {
        CAPTURE(op_type);
        CAPTURE(axes.size());
        GraphBuilder builder;
        const ValueId x =
            builder.node("Conv", {builder.input("x", {2, 5, 4, 3}), builder.weights({6, 5, 1, 1})});
        const Graph graph = builder.finish(
            builder.node(op_type, {x, builder.integers(axes)}, {{"keepdims", keepdims}}));
        check_fp32(graph);
        for (const StepReport& step : steps_of(graph)) CHECK_FALSE(is_reference(step));
      }
    }
  }
}
