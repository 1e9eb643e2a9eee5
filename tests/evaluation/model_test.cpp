#include "evaluation/model.hpp"

#include <doctest/doctest.h>

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
