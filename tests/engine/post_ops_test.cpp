#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

/// A convolution whose result the given work is done on; its residual is also read afterwards if
/// `is_residual_read`.
struct Carrier {
  explicit Carrier(const std::string& op_type) {
    if (op_type == "MatMul" || op_type == "Gemm") {
      x = builder.input("x", {6, 16});
      residual = builder.node(op_type, {x, builder.weights({16, 16})});
      result = builder.node(op_type, {residual, builder.weights({16, 16})});
    } else {
      const Attributes pads{{"pads", Integers{1, 1, 1, 1}}};
      x = builder.input("x", {2, 16, 6, 6});
      residual = builder.node(op_type, {x, builder.weights({16, 16, 3, 3})}, pads);
      result = builder.node(op_type, {residual, builder.weights({16, 16, 3, 3})}, pads);
    }
  }

  GraphBuilder builder;
  ValueId x = graph::no_value;
  ValueId residual = graph::no_value;
  ValueId result = graph::no_value;
};

using Work = void (*)(Carrier& carrier);

const std::vector<std::pair<std::string, Work>> works{
    {"Relu", [](Carrier& c) { c.builder.post_op("Relu"); }},
    {"Clip",
     [](Carrier& c) {
       c.builder.post_op("Clip", {{"min", -0.5F}, {"max", 0.5F}});
     }},
    {"LeakyRelu",
     [](Carrier& c) {
       c.builder.post_op("LeakyRelu", {{"alpha", 0.25F}});
     }},
    {"Elu",
     [](Carrier& c) {
       c.builder.post_op("Elu", {{"alpha", 0.5F}});
     }},
    {"Sigmoid", [](Carrier& c) { c.builder.post_op("Sigmoid"); }},
    {"Tanh", [](Carrier& c) { c.builder.post_op("Tanh"); }},
    {"HardSwish", [](Carrier& c) { c.builder.post_op("HardSwish"); }},
    {"Gelu", [](Carrier& c) { c.builder.post_op("Gelu"); }},
    {"Gelu by tanh",
     [](Carrier& c) {
       c.builder.post_op("Gelu", {{"approximate", std::string("tanh")}});
     }},
    {"Swish",
     [](Carrier& c) {
       c.builder.post_op("Swish", {{"alpha", 1.702F}});
     }},
    {"sum", [](Carrier& c) { c.builder.post_op(PostOp::Kind::sum, c.residual); }},
    {"one number for all channels",
     [](Carrier& c) {
       c.builder.post_op(PostOp::Kind::mul,
                         c.builder.constant(Tensor::of<float>({16}, std::vector(16, 0.3F))));
       c.builder.post_op(PostOp::Kind::add,
                         c.builder.constant(Tensor::of<float>({16}, std::vector(16, 0.7F))));
     }},
    {"sum, Relu",
     [](Carrier& c) {
       c.builder.post_op(PostOp::Kind::sum, c.residual);
       c.builder.post_op("Relu");
     }},
    {"Relu, sum",
     [](Carrier& c) {
       c.builder.post_op("Relu");
       c.builder.post_op(PostOp::Kind::sum, c.residual);
     }},
    {"mul, add, Relu",
     [](Carrier& c) {
       c.builder.post_op(PostOp::Kind::mul, c.builder.weights({16}));
       c.builder.post_op(PostOp::Kind::add, c.builder.weights({16}));
       c.builder.post_op("Relu");
     }},
    {"add, sum, mul, Relu",
     [](Carrier& c) {
       c.builder.post_op(PostOp::Kind::add, c.builder.weights({16}));
       c.builder.post_op(PostOp::Kind::sum, c.residual);
       c.builder.post_op(PostOp::Kind::mul, c.builder.weights({16}));
       c.builder.post_op("Relu");
     }},
};

}  // namespace

TEST_CASE("post-ops are done in order, inside the kernel") {
  for (const char* op_type : {"Conv", "ConvTranspose", "Gemm", "MatMul"}) {
    for (const auto& [name, work] : works) {
      CAPTURE(op_type);
      CAPTURE(name);
      Carrier carrier(op_type);
      work(carrier);
      const Graph graph = carrier.builder.finish(carrier.result);
      check_fp32(graph);
      check_bf16(graph, 1.0 / 64);
      // Without AVX-512, kernels add a residual only before anything else.
      if (!missing_feature(Precision::bf16).empty()) continue;
      const auto steps = steps_of(graph);
      CHECK(count_steps(steps, op_type) == 2);
      CHECK(steps.size() - count_steps(steps, "reorder") == 2);
    }
  }
}

TEST_CASE("two activations of one kind keep the parameters of each") {
  for (const char* op_type : {"BatchNormalization", "Conv", "Gemm", "MatMul"}) {
    CAPTURE(op_type);
    const bool is_normalization = std::string(op_type) == "BatchNormalization";
    Carrier carrier(is_normalization ? "Conv" : op_type);
    if (is_normalization) {
      const ValueId ones =
          carrier.builder.constant(Tensor::of<float>({16}, std::vector<float>(16, 1)));
      carrier.result =
          carrier.builder.node("BatchNormalization", {carrier.result, ones, ones, ones, ones});
    }
    carrier.builder.post_op("Clip", {{"min", -1.0F}, {"max", 0.6F}});
    carrier.builder.post_op("LeakyRelu", {{"alpha", 0.5F}});
    carrier.builder.post_op("Clip", {{"min", -0.25F}, {"max", 0.3F}});
    carrier.builder.post_op("LeakyRelu", {{"alpha", 0.25F}});
    check_fp32(carrier.builder.finish(carrier.result));
  }
}

TEST_CASE("a residual that is read again is copied, one that is not gives its bytes") {
  for (const bool is_read_again : {false, true}) {
    Carrier carrier("Conv");
    carrier.builder.post_op(PostOp::Kind::sum, carrier.residual);
    if (is_read_again) {
      const ValueId both = carrier.builder.node("Mul", {carrier.result, carrier.residual});
      carrier.builder.output(both);
    } else {
      carrier.builder.output(carrier.builder.node("Relu", {carrier.result}));
    }
    const Graph graph = carrier.builder.finish();
    check_fp32(graph);
    std::size_t copies = 0;
    for (const StepReport& step : steps_of(graph)) copies += step.implementation == "copy" ? 1 : 0;
    // The residual is also what the convolution reads, so it can never be overwritten in place.
    CHECK(copies == 1);
  }
}

TEST_CASE("the last reader of a residual adds to it where it lies") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {2, 16, 6, 6});
  const ValueId shortcut = builder.node("Conv", {x, builder.weights({16, 16, 1, 1})});
  const ValueId y = builder.node("Conv", {x, builder.weights({16, 16, 1, 1})});
  const ValueId z = builder.node("Conv", {y, builder.weights({16, 16, 1, 1})});
  builder.post_op(PostOp::Kind::sum, shortcut);
  const Graph graph = builder.finish(builder.node("GlobalAveragePool", {z}));
  check_fp32(graph);
  for (const StepReport& step : steps_of(graph)) CHECK(step.implementation != "copy");
}

TEST_CASE("a residual may be the network's input or a constant") {
  for (const bool is_constant : {false, true}) {
    GraphBuilder builder;
    const ValueId x = builder.input("x", {2, 16, 6, 6});
    const ValueId other = is_constant ? builder.weights({2, 16, 6, 6}) : x;
    const ValueId y = builder.node("Conv", {x, builder.weights({16, 16, 1, 1})});
    builder.post_op(PostOp::Kind::sum, other);
    const Graph graph = builder.finish(y);
    const Tensors inputs = random_inputs(graph);
    check_fp32(graph, inputs);
    check_fp32(graph, inputs);
  }
}

TEST_CASE("a residual in another precision is cast where it would have been copied") {
  if (!missing_feature(Precision::bf16).empty()) return;
  Carrier carrier("Conv");
  carrier.builder.post_op(PostOp::Kind::sum, carrier.residual);
  const Graph graph = carrier.builder.finish(carrier.result);
  for (const std::string low : {"Conv_0", "Conv_1"}) {
    const Tensors inputs = random_inputs(graph);
    const Assignment assignment{{low, Precision::bf16}};
    const double error =
        relative_error(run(graph, inputs, assignment)[0], reference(graph, inputs)[0]);
    CHECK(error > 0);
    CHECK(error < 1.0 / 128);
  }
}

TEST_CASE("post-ops of a node that runs as a plain kernel are steps of their own") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {1, 4, 9, 9});
  // Output padding beyond the pads is nothing that oneDNN has.
  const ValueId y = builder.node("ConvTranspose", {x, builder.weights({4, 4, 3, 3})},
                                 {{"strides", Integers{3, 3}}, {"output_padding", Integers{2, 2}}});
  builder.post_op(PostOp::Kind::mul, builder.weights({4}));
  builder.post_op("Relu");
  check_fp32(builder.finish(y));
}
