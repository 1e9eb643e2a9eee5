#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

struct Case {
  std::string name;
  Shape input;
  Shape weights;
  Attributes attributes;
  bool has_bias = true;
};

Graph graph_of(const Case& c, const std::string& op_type) {
  GraphBuilder builder(c.name);
  const ValueId x = builder.input("x", c.input);
  const ValueId w = builder.weights(c.weights);
  std::vector<ValueId> inputs{x, w};
  if (c.has_bias) {
    std::int64_t group = 1;
    for (const auto& [name, value] : c.attributes) {
      if (name == "group") group = std::get<std::int64_t>(value);
    }
    inputs.push_back(builder.weights({op_type == "Conv" ? c.weights[0] : c.weights[1] * group}));
  }
  return builder.finish(builder.node(op_type, inputs, c.attributes));
}

const std::vector<Case> convolutions{
    {"3x3", {2, 8, 9, 7}, {16, 8, 3, 3}, {{"pads", Integers{1, 1, 1, 1}}}},
    {"no bias", {1, 8, 9, 7}, {16, 8, 3, 3}, {}, false},
    {"1x1", {1, 32, 5, 5}, {64, 32, 1, 1}, {}},
    {"one channel in", {2, 1, 12, 12}, {8, 1, 5, 5}, {{"pads", Integers{2, 2, 2, 2}}}},
    {"three channels in, stride 2",
     {1, 3, 32, 32},
     {16, 3, 7, 7},
     {{"pads", Integers{3, 3, 3, 3}}, {"strides", Integers{2, 2}}}},
    {"odd channels", {1, 17, 8, 8}, {23, 17, 3, 3}, {{"pads", Integers{1, 1, 1, 1}}}},
    {"asymmetric pads",
     {1, 4, 8, 8},
     {6, 4, 3, 3},
     {{"pads", Integers{0, 1, 2, 0}}, {"strides", Integers{2, 1}}}},
    {"SAME_UPPER",
     {1, 4, 8, 7},
     {6, 4, 3, 3},
     {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Integers{2, 2}}}},
    {"SAME_LOWER", {1, 4, 8, 7}, {6, 4, 2, 2}, {{"auto_pad", std::string("SAME_LOWER")}}},
    {"VALID", {1, 4, 8, 7}, {6, 4, 2, 2}, {{"auto_pad", std::string("VALID")}}},
    {"pads wider than the window", {1, 4, 5, 5}, {8, 4, 3, 3}, {{"pads", Integers{4, 4, 4, 4}}}},
    {"dilated", {1, 4, 12, 12}, {8, 4, 3, 3}, {{"dilations", Integers{2, 3}}}},
    {"groups", {1, 16, 8, 8}, {32, 4, 3, 3}, {{"group", std::int64_t{4}}}},
    {"groups of odd width", {2, 24, 6, 6}, {12, 6, 1, 1}, {{"group", std::int64_t{4}}}},
    {"depthwise",
     {1, 32, 10, 10},
     {32, 1, 3, 3},
     {{"group", std::int64_t{32}}, {"pads", Integers{1, 1, 1, 1}}}},
    {"depthwise, odd count, stride 2",
     {1, 17, 10, 10},
     {17, 1, 5, 5},
     {{"group", std::int64_t{17}}, {"strides", Integers{2, 2}}}},
    {"depthwise with multiplier", {1, 16, 7, 7}, {32, 1, 3, 3}, {{"group", std::int64_t{16}}}},
    {"1-d", {2, 8, 20}, {12, 8, 3}, {{"pads", Integers{1, 1}}, {"strides", Integers{2}}}},
    {"1-d, groups", {2, 8, 20}, {12, 4, 3}, {{"group", std::int64_t{2}}}},
    {"3-d", {1, 4, 5, 6, 7}, {8, 4, 3, 3, 3}, {{"pads", Integers{1, 1, 1, 1, 1, 1}}}},
    {"3-d, dilated and strided",
     {1, 4, 7, 8, 9},
     {8, 4, 3, 2, 2},
     {{"dilations", Integers{1, 2, 1}}, {"strides", Integers{2, 1, 2}}}},
    {"batch of none", {0, 4, 8, 8}, {8, 4, 3, 3}, {}},
};

const std::vector<Case> transposed{
    {"2x2, stride 2", {1, 16, 6, 6}, {16, 8, 2, 2}, {{"strides", Integers{2, 2}}}},
    {"no bias", {2, 4, 5, 6}, {4, 6, 3, 3}, {}, false},
    {"pads",
     {1, 8, 6, 6},
     {8, 4, 4, 4},
     {{"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}}},
    {"asymmetric pads", {1, 8, 6, 6}, {8, 4, 3, 3}, {{"pads", Integers{0, 1, 2, 0}}}},
    {"output padding",
     {1, 8, 6, 6},
     {8, 4, 3, 3},
     {{"strides", Integers{2, 2}},
      {"pads", Integers{1, 1, 1, 1}},
      {"output_padding", Integers{1, 1}}}},
    {"output padding beyond the pads",
     {1, 8, 6, 6},
     {8, 4, 3, 3},
     {{"strides", Integers{3, 3}}, {"output_padding", Integers{2, 2}}}},
    {"output shape",
     {1, 3, 3, 3},
     {3, 2, 3, 3},
     {{"strides", Integers{3, 2}}, {"output_shape", Integers{10, 8}}}},
    {"groups", {1, 8, 5, 5}, {8, 3, 3, 3}, {{"group", std::int64_t{2}}}},
    {"depthwise", {1, 8, 5, 5}, {8, 1, 3, 3}, {{"group", std::int64_t{8}}}},
    {"dilated", {1, 4, 6, 6}, {4, 6, 3, 3}, {{"dilations", Integers{2, 2}}}},
    {"1-d", {2, 4, 9}, {4, 6, 4}, {{"strides", Integers{2}}}},
    {"3-d", {1, 4, 3, 4, 5}, {4, 6, 2, 2, 2}, {{"strides", Integers{2, 2, 2}}}},
    {"SAME_UPPER",
     {1, 4, 5, 5},
     {4, 6, 3, 3},
     {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Integers{2, 2}}}},
};

}  // namespace

TEST_CASE("a convolution of any form agrees with the reference") {
  for (const Case& c : convolutions) {
    CAPTURE(c.name);
    check_fp32(graph_of(c, "Conv"));
  }
}

TEST_CASE("a transposed convolution of any form agrees with the reference") {
  for (const Case& c : transposed) {
    CAPTURE(c.name);
    check_fp32(graph_of(c, "ConvTranspose"));
  }
}

TEST_CASE("convolutions in bf16 stay within its rounding and run in bf16 kernels") {
  if (!missing_feature(Precision::bf16).empty()) return;
  for (const auto& [cases, op_type] :
       {std::pair{&convolutions, "Conv"}, std::pair{&transposed, "ConvTranspose"}}) {
    for (const Case& c : *cases) {
      CAPTURE(c.name);
      const Graph graph = graph_of(c, op_type);
      if (c.input[0] == 0) continue;
      const Assignment assignment = all_in(graph, Precision::bf16);
      if (assignment.empty()) continue;
      check_bf16(graph);
      for (const StepReport& step : steps_of(graph, assignment)) {
        CAPTURE(step.implementation);
        CHECK_FALSE(is_reference(step));
        if (step.type != op_type) continue;
        CHECK(is_bf16_kernel(step));
        CHECK(step.destination_dtype == DType::f32);
      }
    }
  }
}

TEST_CASE("weights that are computed at run time are laid out at run time") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {1, 8, 6, 6});
  const ValueId w = builder.input("w", {16, 8, 3, 3});
  const ValueId b = builder.input("b", {16});
  check_fp32(builder.finish(builder.node("Conv", {x, w, b})));
}

TEST_CASE("every convolution has a fast kernel that reads channels last") {
  const bool has_wide_vectors = missing_feature(Precision::bf16).empty();
  for (const Case& c : convolutions) {
    CAPTURE(c.name);
    if (c.input[0] == 0) continue;
    for (const StepReport& step : steps_of(graph_of(c, "Conv"))) {
      CAPTURE(step.implementation);
      CHECK_FALSE(is_reference(step));
      if (has_wide_vectors) CHECK(step.implementation.find("gemm:") == std::string::npos);
      CHECK(step.implementation != "plain");
    }
  }
}
