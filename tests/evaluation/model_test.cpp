#include "evaluation/model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ampd/error.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

TEST_CASE("graphs and programs are made once, as long as few are in use") {
  const SmallModel small;
  const auto model = small.load();
  const Shapes one{{"x", {1, 3, 8, 8}}};
  const auto program = model->program(one, both_low);
  CHECK(model->program(one, both_low) == program);
  CHECK(model->graph(one) == model->graph(one));
  CHECK(model->program(one, {}) != program);
  CHECK(model->program(one, {{"conv", Precision::fp32}}) == model->program(one, {}));
  for (std::int64_t batch = 2; batch < 10; ++batch) model->program({{"x", {batch, 3, 8, 8}}}, {});
  CHECK(model->program(one, both_low) != program);
}

namespace {

/// A small net whose weights, inputs and outputs have the type.
std::vector<tensor::Tensor> run_net(tensor::DType dtype) {
  OnnxBuilder builder(17);
  builder.input("x", dtype, {2, 3, 8, 8});
  const auto weights = [&](const std::string& name, const tensor::Shape& shape, unsigned seed) {
    // Rounded in both nets, so that only what is computed differs.
    const auto rounded = tensor::convert(SmallModel::random(shape, seed), tensor::DType::f16);
    builder.constant(name, tensor::convert(rounded, dtype));
  };
  weights("w1", {8, 3, 3, 3}, 1);
  weights("b1", {8}, 2);
  weights("w2", {8, 8, 3, 3}, 3);
  weights("scale", {8}, 4);
  weights("w3", {8, 5}, 5);
  weights("b3", {5}, 6);
  const std::vector<std::int64_t> pads(4, 1);
  builder.node("Conv", {"x", "w1", "b1"}, {"a"}, {{"pads", pads}}, "first");
  builder.node("Relu", {"a"}, {"r"});
  builder.node("Conv", {"r", "w2"}, {"c"}, {{"pads", pads}}, "second");
  builder.node("Add", {"c", "r"}, {"s"});
  builder.node("MaxPool", {"s"}, {"m"}, {{"kernel_shape", std::vector<std::int64_t>{2, 2}}});
  builder.node("GlobalAveragePool", {"m"}, {"p"});
  builder.node("Flatten", {"p"}, {"f"});
  builder.node("LayerNormalization", {"f", "scale"}, {"n"});
  builder.node("Gemm", {"n", "w3", "b3"}, {"g"}, {}, "last");
  builder.node("Softmax", {"g"}, {"y"});
  builder.output("g");
  builder.output("y");
  const auto x = tensor::convert(SmallModel::random({2, 3, 8, 8}, 7), tensor::DType::f16);
  const Tensors inputs{{"x", tensor::convert(x, dtype)}};
  return model_of(builder)->program(shapes_of(inputs), {})->run(inputs);
}

}  // namespace

TEST_CASE("a model in float16 gives what it gives in float32, within float16's rounding") {
  const auto half = run_net(tensor::DType::f16);
  const auto full = run_net(tensor::DType::f32);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(half[i].dtype() == tensor::DType::f16);
    const auto a = tensor::convert(half[i], tensor::DType::f32);
    for (std::size_t k = 0; k < 10; ++k) {
      // Eight steps, each of which rounds to 11 bits, on numbers of a size near 1.
      CHECK(std::abs(a.values<float>()[k] - full[i].values<float>()[k]) < 8.0 / 2048);
    }
  }
  const auto scores = full[0].values<float>();
  CHECK(*std::ranges::max_element(scores) - *std::ranges::min_element(scores) > 0.1);
}

TEST_CASE("a program that is in use outlives its place among the kept ones") {
  const SmallModel small;
  const auto model = small.load();
  const auto program = model->program({}, {});
  for (std::int64_t batch = 2; batch < 10; ++batch) model->program({{"x", {batch, 3, 8, 8}}}, {});
  const auto input = SmallModel::random({1, 3, 8, 8}, 9);
  CHECK(program->run({{"x", input}})[0].shape() == tensor::Shape{1, 5});
}

TEST_CASE("what is not a model is refused by its name") {
  const SmallModel small;
  CHECK_THROWS_WITH_AS(Model(small.source("none.onnx")), doctest::Contains("none.onnx"), Error);
  base::write_file(small.path("noise.onnx"), "this is no protobuf");
  CHECK_THROWS_WITH_AS(Model(small.source("noise.onnx")), doctest::Contains("noise.onnx"), Error);
}
