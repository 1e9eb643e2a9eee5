#include "evaluation/inspection.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

TEST_CASE("an inspection tells inputs, outputs, operators and the tuning space") {
  const SmallModel small;
  const Inspection found = inspect(*small.load(), Precision::bf16);
  CHECK(found.opset == 13);
  CHECK(found.unsupported.empty());
  REQUIRE(found.inputs.size() == 1);
  CHECK(found.inputs[0].name == "x");
  CHECK(found.inputs[0].dtype == tensor::DType::f32);
  CHECK(found.inputs[0].shape == tensor::Shape{-1, 3, 8, 8});
  REQUIRE(!found.inputs[0].symbols.empty());
  CHECK(found.inputs[0].symbols[0] == "N");
  REQUIRE(found.outputs.size() == 1);
  CHECK(found.outputs[0].name == "y");

  REQUIRE(found.space.ops.size() == 2);
  CHECK(found.space.target == Precision::bf16);
  CHECK(found.space.ops[0].name == "conv");
  CHECK(found.space.ops[0].type == "Conv");
  CHECK(found.space.ops[0].precisions == std::vector{Precision::fp32, Precision::bf16});
  CHECK(found.space.ops[0].weight_count == 108);
  CHECK(found.space.ops[1].name == "fc");
  CHECK(found.space.ops[1].weight_count == 20);
  CHECK(found.space.other_weight_count == 9);
}

TEST_CASE("fused operators are told with the one that they run in") {
  const SmallModel small;
  const Inspection found = inspect(*small.load(), Precision::bf16);
  const auto conv = std::ranges::find(found.ops, "conv", &OpInfo::name);
  REQUIRE(conv != found.ops.end());
  CHECK(conv->absorbed == std::vector<std::string>{"relu"});
  CHECK(conv->flops > 0);
  CHECK(conv->bytes > 0);
  CHECK(std::ranges::find(found.ops, "relu", &OpInfo::name) == found.ops.end());
}

TEST_CASE("all operators that cannot be executed are told at once") {
  OnnxBuilder builder(13);
  builder.input("x", tensor::DType::f32, {1, 4});
  builder.node("Foo", {"x"}, {"a"}, {}, "first");
  builder.node("Foo", {"a"}, {"b"}, {}, "second");
  builder.node("Bar", {"b"}, {"y"}, {}, "third");
  builder.output("y");
  const auto model = model_of(builder);
  const Inspection found = inspect(*model, Precision::bf16);
  REQUIRE(found.unsupported.size() == 2);
  const std::string all = found.unsupported[0] + "; " + found.unsupported[1];
  CHECK(all.find("Foo of opset 13 (nodes first, second)") != std::string::npos);
  CHECK(all.find("Bar of opset 13 (node third)") != std::string::npos);
  CHECK(found.space.ops.empty());
  CHECK_THROWS_WITH_AS(model->graph({}),
                       doctest::Contains("the model built.onnx has operators that cannot"), Error);
}

TEST_CASE("an operator that ampd leaves out on purpose is told with the reason") {
  OnnxBuilder builder(15);
  builder.input("x", tensor::DType::f32, {1, 4});
  builder.node("Bernoulli", {"x"}, {"y"}, {}, "coin");
  builder.output("y");
  CHECK(inspect(*model_of(builder), Precision::bf16).unsupported ==
        std::vector<std::string>{"Bernoulli of opset 15, which draws random numbers (node coin)"});
}

TEST_CASE("a tied weight counts once") {
  OnnxBuilder builder(13);
  builder.input("x", tensor::DType::f32, {2, 4});
  builder.constant("w", SmallModel::random({4, 4}, 1));
  builder.node("MatMul", {"x", "w"}, {"a"}, {}, "first");
  builder.node("MatMul", {"a", "w"}, {"y"}, {}, "second");
  builder.output("y");
  const auto model = model_of(builder);
  const TuningSpace space = tuning_space(*model->graph({}), Precision::bf16);
  REQUIRE(space.ops.size() == 2);
  CHECK(space.ops[0].weight_count + space.ops[1].weight_count + space.other_weight_count == 16);
}

TEST_CASE("shapes that do not fit are refused") {
  const SmallModel small;
  CHECK_THROWS_AS(inspect(*small.load(), Precision::bf16, {{"x", {1, 4, 8, 8}}}), Error);
  CHECK(inspect(*small.load(), Precision::bf16, {{"x", {7, 3, 8, 8}}}).ops.size() > 1);
}
