#include "one_node.hpp"

using namespace one_node;

namespace {

using Function = double (*)(double);

struct Row {
  const char* op_type;
  Function function;
  std::vector<float> points;
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

TEST_CASE("real functions equal the standard library's") {
  const std::vector<float> any{-2.5F, -1, -0.25F, 0, 0.5F, 1, 3};
  const std::vector<float> positive{0.125F, 0.5F, 1, 4};
  const std::vector<float> unit{-0.75F, 0, 0.5F};
  for (const Row& row : {
           Row{"Acos", [](double x) { return std::acos(x); }, unit},
           Row{"Acosh", [](double x) { return std::acosh(x); }, {1, 2, 3.5F}},
           Row{"Asin", [](double x) { return std::asin(x); }, unit},
           Row{"Asinh", [](double x) { return std::asinh(x); }, any},
           Row{"Atan", [](double x) { return std::atan(x); }, any},
           Row{"Atanh", [](double x) { return std::atanh(x); }, unit},
           Row{"Ceil", [](double x) { return std::ceil(x); }, any},
           Row{"Cos", [](double x) { return std::cos(x); }, any},
           Row{"Cosh", [](double x) { return std::cosh(x); }, any},
           Row{"Erf", [](double x) { return std::erf(x); }, any},
           Row{"Exp", [](double x) { return std::exp(x); }, any},
           Row{"Floor", [](double x) { return std::floor(x); }, any},
           Row{"Log", [](double x) { return std::log(x); }, positive},
           Row{"Mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }, any},
           Row{"Reciprocal", [](double x) { return 1 / x; }, positive},
           Row{"Sigmoid", sigmoid, any},
           Row{"Sin", [](double x) { return std::sin(x); }, any},
           Row{"Sinh", [](double x) { return std::sinh(x); }, any},
           Row{"Softplus", [](double x) { return std::log1p(std::exp(x)); }, any},
           Row{"Softsign", [](double x) { return x / (1 + std::abs(x)); }, any},
           Row{"Sqrt", [](double x) { return std::sqrt(x); }, positive},
           Row{"Tan", [](double x) { return std::tan(x); }, unit},
           Row{"Tanh", [](double x) { return std::tanh(x); }, any},
           Row{"Elu", [](double x) { return x > 0 ? x : std::exp(x) - 1; }, any},
           Row{"Celu", [](double x) { return x > 0 ? x : std::exp(x) - 1; }, any},
           Row{"HardSigmoid", [](double x) { return std::clamp(0.2 * x + 0.5, 0.0, 1.0); }, any},
           Row{"HardSwish", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }, any},
           Row{"Gelu", [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }, any},
           Row{"LeakyRelu", [](double x) { return x > 0 ? x : 0.01 * x; }, any},
           Row{"Selu",
               [](double x) {
                 return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (std::exp(x) - 1));
               },
               any},
           Row{"ThresholdedRelu", [](double x) { return x > 1 ? x : 0; }, any},
       }) {
    std::vector<float> expected;
    for (const float x : row.points) expected.push_back(static_cast<float>(row.function(x)));
    check_in(real_types, row.op_type, {vec(row.points)}, vec(expected));
  }
}

TEST_CASE("parameters of activations are heeded") {
  const Tensor x = vec({-2, -0.5F, 0.5F, 2});
  check("Elu", {x}, vec({-1.7293294F, -0.7869387F, 0.5F, 2}), {{"alpha", 2.0F}});
  check("Celu", {x}, vec({-1.2642411F, -0.4423984F, 0.5F, 2}), {{"alpha", 2.0F}});
  check("LeakyRelu", {x}, vec({-1, -0.25F, 0.5F, 2}), {{"alpha", 0.5F}});
  check("Selu", {x}, vec({-2.5939941F, -1.180408F, 1.5F, 6}), {{"alpha", 1.0F}, {"gamma", 3.0F}});
  check("HardSigmoid", {x}, vec({0, 0.25F, 0.75F, 1}), {{"alpha", 0.5F}, {"beta", 0.5F}});
  check("ThresholdedRelu", {x}, vec({0, 0, 0.5F, 2}), {{"alpha", 0.25F}});
  check("Gelu", {vec({1})}, vec({0.841192F}), {{"approximate", std::string("tanh")}});
  check("Shrink", {x}, vec({-1.5F, 0, 0, 1.5F}), {{"lambd", 1.0F}, {"bias", 0.5F}});
  CHECK(failure("Gelu", {x}, {{"approximate", std::string("guess")}}) ==
        "the node it (Gelu) approximates by guess");
}

TEST_CASE("rounding goes to the even neighbour, signs keep zero") {
  check_in(real_types, "Round", {vec({-2.5F, -1.5F, 0.5F, 1.5F, 2.25F})}, vec({-2, -2, 0, 2, 2}));
  check("Sign", {vec({-3, 0, 2})}, vec({-1, 0, 1}));
  check("Sign", {ints({-3, 0, 2})}, ints({-1, 0, 1}));
}

TEST_CASE("number functions work in every type") {
  const Tensor x = vec({0, 1, 3});
  check_in(number_types, "Abs", {x}, x);
  check_in(number_types, "Relu", {x}, x);
  check_in(number_types, "Clip", {x, scalar(1), scalar(2)}, vec({1, 1, 2}));
  check_in(number_types, "Clip", {x, absent(), scalar(2)}, vec({0, 1, 2}));
  check("Clip", {vec({-5, 5})}, vec({-1, 1}), {{"min", -1.0F}, {"max", 1.0F}}, 7);
  check("Neg", {ints({-3, 4})}, ints({3, -4}));
  check("Abs", {ints({-3, INT64_MIN})}, ints({3, INT64_MIN}));
  check("Relu", {ints({-3, 4})}, ints({0, 4}));
}

TEST_CASE("arithmetic broadcasts and works in every type") {
  const Tensor a = mat(2, {6, 7, 8, 9, 10, 11});
  const Tensor b = tensor<float>({2, 1}, {2, 3});
  check_in(number_types, "Add", {a, b}, mat(2, {8, 9, 10, 12, 13, 14}));
  check_in(number_types, "Sub", {a, b}, mat(2, {4, 5, 6, 6, 7, 8}));
  check_in(number_types, "Mul", {b, a}, mat(2, {12, 14, 16, 27, 30, 33}));
  check_in(number_types, "Max", {a, scalar(8), b}, mat(2, {8, 8, 8, 9, 10, 11}));
  check_in(number_types, "Min", {a, scalar(8)}, mat(2, {6, 7, 8, 8, 8, 8}));
  check_in(number_types, "Sum", {b, b, scalar(1)}, tensor<float>({2, 1}, {5, 7}));
  check_in(real_types, "Mean", {vec({1, 2}), vec({3, 5})}, vec({2, 3.5F}));
  check_in(real_types, "Div", {a, scalar(2)}, mat(2, {3, 3.5F, 4, 4.5F, 5, 5.5F}));
  check_in(number_types, "PRelu", {vec({1, 4}), vec({2, 2})}, vec({1, 4}));
  check("PRelu", {mat(2, {-1, -2, 3, -4}), vec({2, 0.5F})}, mat(2, {-2, -1, 3, -2}));
}

TEST_CASE("integers wrap, and dividing them by zero ends nothing") {
  check("Add", {ints({INT64_MAX}), ints({1})}, ints({INT64_MIN}));
  check("Div", {ints({7, -7, 7, INT64_MIN}), ints({2, 2, 0, -1})}, ints({3, -3, 0, INT64_MIN}));
  check("Mod", {ints({7, -7, 7, -7, 5}), ints({3, 3, -3, -3, 0})}, ints({1, 2, -2, -1, 0}));
  check("Mod", {ints({-7, 7, 1}), ints({3, -3, 0})}, ints({-1, 1, 0}), {{"fmod", std::int64_t{1}}});
  check("Mod", {vec({-7, 7}), vec({3, -3})}, vec({-1, 1}), {{"fmod", std::int64_t{1}}});
}

TEST_CASE("powers take mixed types") {
  check("Pow", {vec({2, 3, -2}), vec({3, 2, 3})}, vec({8, 9, -8}));
  check("Pow", {vec({2, 4}), ints({-1, 2})}, vec({0.5F, 16}));
  check("Pow", {ints({2, -3, 10}), ints({62, 3, -1})}, ints({std::int64_t{1} << 62, -27, 0}));
  check("Pow", {ints({4}), vec({0.5F})}, ints({2}));
}

TEST_CASE("NaN passes through the largest and the smallest") {
  const float nan = std::nanf("");
  check("Max", {vec({nan, 1}), vec({1, nan})}, vec({nan, nan}));
  check("Min", {vec({nan, 1}), vec({1, nan})}, vec({nan, nan}));
}

TEST_CASE("comparisons and logic give bools") {
  const Tensor a = vec({1, 2, 3});
  const Tensor b = vec({2, 2, 2});
  check("Equal", {a, b}, bools({false, true, false}));
  check("Equal", {bools({true, false}), bools({true, true})}, bools({true, false}));
  check("Greater", {a, b}, bools({false, false, true}));
  check("GreaterOrEqual", {a, b}, bools({false, true, true}));
  check("Less", {ints({1, 3}), ints({2})}, bools({true, false}));
  check("LessOrEqual", {a, scalar(2)}, bools({true, true, false}));
  const Tensor p = bools({true, true, false, false});
  const Tensor q = bools({true, false, true, false});
  check("And", {p, q}, bools({true, false, false, false}));
  check("Or", {p, q}, bools({true, true, true, false}));
  check("Xor", {p, q}, bools({false, true, true, false}));
  check("Not", {q}, bools({false, true, false, true}));
  check("Where", {tensor<bool>({2, 1}, {true, false}), vec({1, 2}), scalar(9)},
        mat(2, {1, 2, 9, 9}));
  check("IsNaN", {vec({std::nanf(""), 1})}, bools({true, false}));
  const float inf = std::numeric_limits<float>::infinity();
  check("IsInf", {vec({inf, -inf, 1})}, bools({true, true, false}));
  check("IsInf", {vec({inf, -inf})}, bools({false, true}), {{"detect_positive", std::int64_t{0}}});
}

TEST_CASE("bits shift and combine") {
  const auto bytes = [](std::vector<std::uint8_t> list) {
    return tensor<std::uint8_t>({std::ssize(list)}, list);
  };
  check("BitShift", {bytes({1, 255, 7}), bytes({3, 1, 9})}, bytes({8, 254, 0}),
        {{"direction", std::string("LEFT")}});
  check("BitShift", {bytes({8, 255}), bytes({3, 1})}, bytes({1, 127}),
        {{"direction", std::string("RIGHT")}});
  check("BitwiseAnd", {bytes({12}), bytes({10})}, bytes({8}));
  check("BitwiseOr", {bytes({12}), bytes({10})}, bytes({14}));
  check("BitwiseXor", {bytes({12}), bytes({10})}, bytes({6}));
  check("BitwiseNot", {bytes({12})}, bytes({243}));
}

TEST_CASE("casts convert between all types") {
  for (const DType dtype : number_types) {
    check("Cast", {vec({0, 1, 3})}, ampd::tensor::convert(vec({0, 1, 3}), dtype),
          {{"to", std::int64_t{ampd::graph::onnx_of_dtype(dtype)}}});
    check("CastLike", {vec({2}), Tensor(dtype, {1})}, ampd::tensor::convert(vec({2}), dtype));
  }
  check("Cast", {vec({0, 0.5F})}, bools({false, true}), {{"to", std::int64_t{9}}});
  check("Cast", {bools({false, true})}, vec({0, 1}), {{"to", std::int64_t{1}}});
}
