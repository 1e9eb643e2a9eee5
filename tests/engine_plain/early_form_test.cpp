// Operators as opsets 1 to 8 had them, where that differs from today.
#include "one_node.hpp"

using namespace one_node;

namespace {

constexpr std::int64_t yes = 1;
constexpr std::int64_t no = 0;

const Attributes broadcast{{"broadcast", yes}};

Attributes along(std::int64_t axis) {
  return {{"broadcast", yes}, {"axis", axis}};
}

/// 2x3x2 with 0, 1, 2 ...
Tensor counted() {
  return tensor<float>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

}  // namespace

TEST_CASE("a second operand is broadcast from the axis that an old node names") {
  for (const int opset : {1, 6}) {
    check("Add", {counted(), vec({0, 10, 20})},
          tensor<float>({2, 3, 2}, {0, 1, 12, 13, 24, 25, 6, 7, 18, 19, 30, 31}), along(1), opset);
    check("Sub", {counted(), vec({0, 6})},
          tensor<float>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}), along(0), opset);
    check("Mul", {counted(), vec({0, 1})},
          tensor<float>({2, 3, 2}, {0, 1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11}), broadcast, opset);
    check("Mul", {counted(), vec({0, 1})},
          tensor<float>({2, 3, 2}, {0, 1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 11}), along(2), opset);
    check("Div", {mat(2, {2, 4, 6, 8}), vec({2, 1})}, mat(2, {1, 2, 6, 8}), along(0), opset);
    check("Pow", {mat(2, {2, 3, 2, 3}), vec({1, 2})}, mat(2, {2, 3, 4, 9}), along(0), opset);
    check("Add", {mat(2, {2, 3, 2, 3}), mat(1, {1})}, mat(2, {3, 4, 3, 4}), along(0), opset);
    check("Add", {mat(2, {2, 3, 2, 3}), scalar(1)}, mat(2, {3, 4, 3, 4}), broadcast, opset);
    check("Add", {mat(2, {2, 3, 2, 3}), mat(2, {1, 2, 3, 4})}, mat(2, {3, 5, 5, 7}), {}, opset);
  }
  check("Add", {counted(), mat(2, {0, 0, 0, 1, 1, 1})},
        tensor<float>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12}), along(-3), 6);
  const Tensor pairs = tensor<bool>({2, 2}, {true, false, true, false});
  const Tensor column = bools({true, false});
  check("And", {pairs, column}, tensor<bool>({2, 2}, {true, false, false, false}), along(0), 6);
  check("Or", {pairs, column}, tensor<bool>({2, 2}, {true, true, true, false}), along(0), 6);
  check("Xor", {pairs, column}, tensor<bool>({2, 2}, {false, true, true, false}), along(0), 6);
  const Tensor numbers = mat(2, {1, 2, 3, 4});
  check("Less", {numbers, vec({2, 4})}, tensor<bool>({2, 2}, {true, false, true, false}), along(0),
        6);
  check("Greater", {numbers, vec({1, 3})}, tensor<bool>({2, 2}, {false, true, false, true}),
        along(0), 6);
  check("Equal", {tensor<std::int64_t>({2, 2}, {1, 2, 1, 2}), ints({1, 2})},
        tensor<bool>({2, 2}, {true, false, false, true}), along(0), 6);
  CHECK(failure("Add", {counted(), vec({1, 2, 3})}, along(3), 6) ==
        "the node it (Add) broadcasts along the axis 3, where 3 does not fit into 2x3x2");
}

TEST_CASE("slopes were one per channel") {
  const Tensor x = tensor<float>({1, 2, 2}, {-1, 2, -3, 4});
  check("PRelu", {x, vec({2, 10})}, tensor<float>({1, 2, 2}, {-2, 2, -30, 4}), {}, 6);
  check("PRelu", {x, vec({5})}, tensor<float>({1, 2, 2}, {-5, 2, -15, 4}),
        {{"consumed_inputs", Integers{0, 0}}}, 1);
}

TEST_CASE("advice and flags of old are left out") {
  check("Relu", {vec({-1, 2})}, vec({0, 2}), {{"consumed_inputs", Integers{0}}}, 1);
  check("Gemm", {mat(1, {1, 2}), mat(2, {1, 2, 3, 4}), vec({10, 20})}, mat(1, {17, 30}), broadcast,
        6);
  check("Dropout", {vec({1, 2})}, vec({1, 2}), {{"is_test", yes}, {"ratio", 0.5F}}, 6);
}

TEST_CASE("a normalisation without is_test, or with 0, trains") {
  const std::vector<Tensor> inputs{mat(2, {1, 2, 3, 4}), vec({2, 2}), vec({1, 0}), vec({1, 2}),
                                   vec({1, 4})};
  const Attributes exact{{"is_test", yes}, {"epsilon", 0.0F}};
  check("BatchNormalization", inputs, mat(2, {1, 0, 5, 2}), exact, 6);
  for (const Attributes& attributes : {Attributes{}, Attributes{{"is_test", no}}}) {
    CHECK(failure("BatchNormalization", inputs, attributes, 6).find("is in training mode") !=
          std::string::npos);
    CHECK(failure("Dropout", {vec({1})}, attributes, 1).find("is in training mode") !=
          std::string::npos);
  }
  CHECK(failure("BatchNormalization", inputs, {{"training_mode", yes}}, 15)
            .find("is in training mode") != std::string::npos);
}

TEST_CASE("statistics could be kept for each element") {
  const Tensor ones = mat(2, {1, 1, 1, 1});
  const Tensor x = tensor<float>({1, 2, 2}, {1, 2, 3, 4});
  const std::vector<Tensor> inputs{x, mat(2, {2, 2, 2, 2}), ones, ones, mat(2, {1, 1, 4, 4})};
  const Tensor expected = tensor<float>({1, 2, 2}, {1, 3, 3, 4});
  check("BatchNormalization", inputs, expected, {{"spatial", no}, {"epsilon", 0.0F}}, 7);
  check("BatchNormalization", inputs, expected,
        {{"spatial", no}, {"epsilon", 0.0F}, {"is_test", yes}}, 6);
}

TEST_CASE("types were named, norms real, axes and coefficients other by default") {
  check("Cast", {vec({1.5F})}, tensor<std::int32_t>({1}, {1}), {{"to", std::string("INT32")}}, 1);
  check("Cast", {ints({3})}, vec({3}), {{"to", std::string("FLOAT")}}, 1);
  check("Cast", {ints({3})}, tensor<double>({1}, {3}), {{"to", std::string("DOUBLE")}}, 1);
  CHECK(failure("Cast", {ints({3})}, {{"to", std::string("REAL")}}, 1) ==
        "the node it (Cast) casts to \"REAL\", which is no element type");
  CHECK(failure("Cast", {ints({3})}, {{"to", std::string("STRING")}}, 1).find("string") !=
        std::string::npos);
  check("Concat", {mat(2, {1, 2}), mat(2, {3, 4})}, mat(2, {1, 3, 2, 4}), {}, 1);
  check("Selu", {vec({1})}, vec({1.0507F}), {}, 1);
  check("Selu", {vec({1})}, vec({1.05070102F}), {}, 6);
  const Tensor image = tensor<float>({1, 1, 2, 2}, {3, 0, 4, 0});
  const Tensor norm = tensor<float>({1, 1, 1, 1}, {5});
  check("GlobalLpPool", {image}, norm, {{"p", 2.0F}}, 1);
  check("GlobalLpPool", {image}, norm, {}, 1);
  check("LpPool", {image}, norm, {{"p", 2.0F}, {"kernel_shape", Integers{2, 2}}}, 1);
  CHECK(failure("GlobalLpPool", {image}, {{"p", 1.5F}}, 1).find("which no later opset has") !=
        std::string::npos);
}

TEST_CASE("shapes, paddings and scales were attributes") {
  check("Reshape", {mat(2, {1, 2, 3, 4})}, vec({1, 2, 3, 4}), {{"shape", Integers{-1}}}, 1);
  check("Pad", {vec({1, 2})}, vec({7, 1, 2}), {{"paddings", Integers{1, 0}}, {"value", 7.0F}}, 1);
  check("Pad", {vec({1, 2})}, vec({7, 1, 2}), {{"pads", Integers{1, 0}}, {"value", 7.0F}}, 2);
  const Tensor row = tensor<float>({1, 1, 1, 2}, {1, 2});
  check("Upsample", {row}, tensor<float>({1, 1, 2, 4}, {1, 1, 2, 2, 1, 1, 2, 2}),
        {{"height_scale", 2.0F}, {"width_scale", 2.0F}}, 1);
  check("Upsample", {row}, tensor<float>({1, 1, 1, 4}, {1, 1.5F, 2, 2}),
        {{"height_scale", 1.0F}, {"width_scale", 2.0F}, {"mode", std::string("bilinear")}}, 1);
}

TEST_CASE("tiles had a number and an axis, splits lengths of the data's type") {
  const Tensor x = mat(2, {1, 2, 3, 4});
  check("Tile", {x, scalar(2), scalar(1)}, mat(2, {1, 2, 1, 2, 3, 4, 3, 4}), {}, 1);
  check("Tile", {x, tensor<std::int64_t>({}, {2}), tensor<std::int64_t>({}, {0})},
        mat(4, {1, 2, 3, 4, 1, 2, 3, 4}), {}, 1);
  const auto parts = run("Split", {vec({1, 2, 3}), vec({1, 2})}, {}, 1, 2);
  CHECK(difference(parts[0], vec({1})) == "");
  CHECK(difference(parts[1], vec({2, 3})) == "");
}

TEST_CASE("recurrent layers had a flag for their sequence") {
  const Tensor x = tensor<float>({1, 1, 1}, {1});
  const Tensor weights = tensor<float>({1, 1, 1}, {1});
  const Attributes attributes{{"hidden_size", yes}, {"output_sequence", yes}};
  check("RNN", {x, weights, weights}, tensor<float>({1, 1, 1, 1}, {std::tanh(1.0F)}), attributes,
        1);
  const Tensor gates = tensor<float>({1, 3, 1}, {1, 1, 1});
  CHECK(failure("GRU", {x, gates, gates}, attributes, 1) == "");
}
