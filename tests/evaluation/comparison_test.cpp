#include "evaluation/comparison.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace ampd;
using namespace ampd::evaluation;
using tensor::Tensor;

namespace {

Tensor reals(const std::vector<float>& values) {
  return Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values);
}

std::string complaint(const Tensor& actual, const Tensor& expected, Tolerance tolerance = {}) {
  return compare(actual, expected, tolerance).complaint;
}

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("numbers within the tolerance are equal, others are counted") {
  CHECK(complaint(reals({1.0005F, 100.05F, 0}), reals({1, 100, 0})).empty());
  CHECK(complaint(reals({1.01F, 2, 3}), reals({1, 2, 4})) ==
        "differs in 2 of 3 numbers, by up to 1");
  CHECK(complaint(reals({1e-8F}), reals({0})).empty());
  CHECK(!complaint(reals({1e-6F}), reals({0})).empty());
  CHECK(complaint(reals({1}), reals({1}), {0, 0}).empty());
  CHECK(*compare(reals({1, 2.5F}), reals({1, 2}), {}).max_abs_error == 0.5);
}

TEST_CASE("what is not finite equals itself alone") {
  CHECK(complaint(reals({NAN, infinity, -infinity}), reals({NAN, infinity, -infinity})).empty());
  for (const auto& [actual, expected] : std::vector<std::pair<float, float>>{{NAN, 1},
                                                                             {1, NAN},
                                                                             {infinity, 1},
                                                                             {1, infinity},
                                                                             {infinity, -infinity},
                                                                             {infinity, NAN}}) {
    CHECK(!complaint(reals({actual}), reals({expected})).empty());
  }
}

TEST_CASE("an expected bfloat16 may be off by one unit in its last place") {
  const auto halves = [](const std::vector<float>& values) {
    return tensor::convert(reals(values), tensor::DType::bf16);
  };
  constexpr float unit = 0x1p-7F;  // of numbers from 1 to 2
  CHECK(complaint(halves({1, -1, 4}), halves({1 + unit, -1 - unit, 4 - 2 * unit})).empty());
  CHECK(complaint(reals({1}), halves({1 + unit}), {0, 0}).empty());
  CHECK(!complaint(halves({1}), halves({1 + 2 * unit})).empty());
  CHECK(!complaint(halves({1.5F}), halves({1.5F + 2 * unit})).empty());
  CHECK(!complaint(reals({1}), reals({1 + unit})).empty());
  CHECK(!complaint(halves({1e-6F}), halves({0})).empty());
  CHECK(complaint(halves({NAN, infinity}), halves({NAN, infinity})).empty());
  CHECK(!complaint(halves({1}), halves({infinity})).empty());
}

TEST_CASE("types and shapes must agree") {
  CHECK(complaint(reals({1, 2}), reals({1})) == "has the shape 2, not 1");
  CHECK(complaint(reals({1}), Tensor::of<double>({1}, {1})) == "is float32, not float64");
  CHECK(complaint(reals({1}), tensor::convert(reals({1}), tensor::DType::bf16)).empty());
  CHECK(complaint(Tensor::of<std::int64_t>({2}, {1, 2}), Tensor::of<std::int64_t>({2}, {1, 3})) ==
        "differs in 1 of 2 numbers, by up to 1");
  CHECK(complaint(Tensor::of<bool>({1}, {true}), Tensor::of<bool>({1}, {true})).empty());
}
