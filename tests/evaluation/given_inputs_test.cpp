#include "evaluation/given_inputs.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

TEST_CASE("given files and shapes become inputs") {
  const SmallModel small;
  const auto model = small.load();
  const GivenInputs given{{{"x", small.path("x.npy")}}, {}};
  const Tensors inputs = read_inputs(*model, given);
  CHECK(inputs.at("x").shape() == tensor::Shape{23, 3, 8, 8});
  CHECK(shapes_of(*model, given, inputs) == Shapes{{"x", {23, 3, 8, 8}}});
  CHECK_NOTHROW(require_all(*model, inputs));
  CHECK(shapes_of(*model, {{}, {{"x", {2, 3, 8, 8}}}}, {}) == Shapes{{"x", {2, 3, 8, 8}}});
}

TEST_CASE("inputs that do not fit the model are refused") {
  const SmallModel small;
  const auto model = small.load();
  CHECK_THROWS_WITH_AS(read_inputs(*model, {{{"z", small.path("x.npy")}}, {}}),
                       "the model model.onnx has no input z; its inputs are x", Error);
  CHECK_THROWS_WITH_AS(shapes_of(*model, {{}, {{"z", {1}}}}, {}),
                       "the model model.onnx has no input z; its inputs are x", Error);
  CHECK_THROWS_WITH_AS(read_inputs(*model, {{{"x", small.path("y.npy")}}, {}}),
                       doctest::Contains("y.npy holds int64, and the input x wants float32"),
                       Error);
  CHECK_THROWS_WITH_AS(
      read_inputs(*model, {{{"x", small.path("x.npy")}}, {{"x", {1, 3, 8, 8}}}}),
      doctest::Contains("has the shape 23x3x8x8, and 1x3x8x8 is asked for the input x"), Error);
  CHECK_THROWS_WITH_AS(require_all(*model, {}),
                       "the model model.onnx needs inputs that are not given: x", Error);
}
