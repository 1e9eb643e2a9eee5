#include <limits>

#include "graph_builder.hpp"

using namespace ampd;
using namespace ampd::engine;
using namespace ampd::engine::testing;

namespace {

struct Case {
  std::string name;
  const char* op_type;
  Shape input;
  Attributes attributes;
};

const std::vector<Case> pools{
    {"max 3x3",
     "MaxPool",
     {2, 8, 9, 9},
     {{"kernel_shape", Integers{3, 3}}, {"strides", Integers{2, 2}}}},
    {"max, pads",
     "MaxPool",
     {2, 8, 9, 9},
     {{"kernel_shape", Integers{3, 3}},
      {"strides", Integers{2, 2}},
      {"pads", Integers{1, 1, 1, 1}}}},
    {"max, asymmetric pads",
     "MaxPool",
     {1, 4, 8, 8},
     {{"kernel_shape", Integers{3, 3}}, {"pads", Integers{0, 1, 2, 1}}}},
    {"max, ceil",
     "MaxPool",
     {1, 4, 8, 8},
     {{"kernel_shape", Integers{3, 3}},
      {"strides", Integers{2, 2}},
      {"ceil_mode", std::int64_t{1}}}},
    {"max, dilated",
     "MaxPool",
     {1, 4, 9, 9},
     {{"kernel_shape", Integers{2, 2}}, {"dilations", Integers{2, 3}}}},
    {"max, SAME_UPPER",
     "MaxPool",
     {1, 4, 8, 7},
     {{"kernel_shape", Integers{3, 3}},
      {"strides", Integers{2, 2}},
      {"auto_pad", std::string("SAME_UPPER")}}},
    {"max, rest dropped",
     "MaxPool",
     {1, 4, 9, 9},
     {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{4, 4}}}},
    {"max 1-d", "MaxPool", {2, 6, 15}, {{"kernel_shape", Integers{3}}}},
    {"max 3-d",
     "MaxPool",
     {1, 4, 6, 6, 6},
     {{"kernel_shape", Integers{2, 2, 2}}, {"strides", Integers{2, 2, 2}}}},
    {"average 3x3", "AveragePool", {2, 8, 9, 9}, {{"kernel_shape", Integers{3, 3}}}},
    {"average, pads not counted",
     "AveragePool",
     {2, 8, 9, 9},
     {{"kernel_shape", Integers{3, 3}}, {"pads", Integers{1, 1, 1, 1}}}},
    {"average, pads counted",
     "AveragePool",
     {2, 8, 9, 9},
     {{"kernel_shape", Integers{3, 3}},
      {"pads", Integers{1, 1, 1, 1}},
      {"count_include_pad", std::int64_t{1}}}},
    {"average, ceil",
     "AveragePool",
     {1, 4, 8, 8},
     {{"kernel_shape", Integers{3, 3}},
      {"strides", Integers{2, 2}},
      {"ceil_mode", std::int64_t{1}}}},
    {"average, ceil, pads counted",
     "AveragePool",
     {1, 4, 8, 8},
     {{"kernel_shape", Integers{3, 3}},
      {"strides", Integers{2, 2}},
      {"pads", Integers{1, 1, 0, 0}},
      {"ceil_mode", std::int64_t{1}},
      {"count_include_pad", std::int64_t{1}}}},
    {"average 3-d",
     "AveragePool",
     {1, 4, 6, 6, 6},
     {{"kernel_shape", Integers{2, 2, 2}}, {"strides", Integers{2, 2, 2}}}},
    {"global average", "GlobalAveragePool", {2, 8, 7, 5}, {}},
    {"global average 1-d", "GlobalAveragePool", {2, 8, 7}, {}},
    {"global max", "GlobalMaxPool", {2, 8, 7, 5}, {}},
    {"no batch", "MaxPool", {0, 8, 9, 9}, {{"kernel_shape", Integers{3, 3}}}},
};

Graph pool(const Case& c) {
  GraphBuilder builder(c.name);
  return builder.finish(builder.node(c.op_type, {builder.input("x", c.input)}, c.attributes));
}

Graph between_convolutions(const Case& c) {
  GraphBuilder builder(c.name);
  const ValueId x = builder.input("x", c.input);
  Shape weights(c.input.size(), 1);
  weights[0] = weights[1] = c.input[1];
  const ValueId y = builder.node("Conv", {x, builder.weights(weights)});
  const ValueId z = builder.node(c.op_type, {y}, c.attributes);
  return builder.finish(builder.node("Conv", {z, builder.weights(weights)}));
}

}  // namespace

TEST_CASE("a pool of any form agrees with the reference") {
  for (const Case& c : pools) {
    CAPTURE(c.name);
    check_fp32(pool(c));
    if (c.input[0] > 0) check_fp32(between_convolutions(c));
  }
}

TEST_CASE("a pool between bf16 convolutions works in bf16") {
  if (!missing_feature(Precision::bf16).empty()) return;
  for (const Case& c : pools) {
    CAPTURE(c.name);
    if (c.input[0] == 0) continue;
    const Graph graph = between_convolutions(c);
    check_bf16(graph, 1.0 / 64);
    for (const StepReport& step : steps_of(graph, all_in(graph, Precision::bf16))) {
      if (step.type != c.op_type || step.implementation == "plain") continue;
      CHECK(step.source_dtype == DType::bf16);
      CHECK(step.destination_dtype == DType::bf16);
    }
  }
}

TEST_CASE("a pool has a fast kernel unless it is dilated or counts what is not there") {
  for (const Case& c : pools) {
    CAPTURE(c.name);
    const std::string name = c.name;
    if (name == "max, dilated" || name == "average, ceil, pads counted" || c.input[0] == 0)
      continue;
    for (const StepReport& step : steps_of(between_convolutions(c))) {
      CAPTURE(step.implementation);
      CHECK_FALSE(is_reference(step));
      CHECK(step.implementation != "plain");
    }
  }
}

TEST_CASE("the second output of MaxPool is the places of the maxima") {
  GraphBuilder builder;
  const ValueId x = builder.input("x", {1, 2, 4, 4});
  const auto outputs = builder.nodes(
      "MaxPool", {x}, {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}}, 2);
  builder.output(outputs[0]);
  builder.output(outputs[1]);
  check_fp32(builder.finish());
}
