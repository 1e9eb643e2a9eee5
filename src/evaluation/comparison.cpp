#include "evaluation/comparison.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace ampd::evaluation {
namespace {

using tensor::DType;

std::string in_words(double value) {
  std::array<char, 32> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6);
  return {text.data(), end};
}

/// A bfloat16 result is handed out as float32.
tensor::Tensor handed_out(const tensor::Tensor& value) {
  return value.dtype() == DType::bf16 ? tensor::convert(value, DType::f32) : value;
}

/// 0 for equal ones, NaN and infinities included; infinite where there is no distance.
double distance(double actual, double expected) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected))) return 0;
  const double difference = std::abs(actual - expected);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

/// The distance from one bfloat16, which holds 8 significant bits, to the next.
double last_place(double value) {
  constexpr int exponent_min = -126;
  constexpr int digits = 7;
  const int exponent = value == 0 ? exponent_min : std::max(std::ilogb(value), exponent_min);
  return std::ldexp(1.0, exponent - digits);
}

}  // namespace

Comparison compare(const tensor::Tensor& actual_value, const tensor::Tensor& expected_value,
                   Tolerance tolerance) {
  const tensor::Tensor actual = handed_out(actual_value);
  const tensor::Tensor expected = handed_out(expected_value);
  if (actual.dtype() != expected.dtype()) {
    return {"is " + std::string(to_string(actual.dtype())) + ", not " +
                std::string(to_string(expected.dtype())),
            {}};
  }
  if (actual.shape() != expected.shape()) {
    return {"has the shape " + tensor::to_string(actual.shape()) + ", not " +
                tensor::to_string(expected.shape()),
            {}};
  }
  const tensor::Tensor a = tensor::convert(actual, DType::f64);
  const tensor::Tensor e = tensor::convert(expected, DType::f64);
  const bool is_coarse = expected_value.dtype() == DType::bf16;
  Comparison result{{}, 0.0};
  std::int64_t beyond = 0;
  for (std::size_t i = 0; i < a.values<double>().size(); ++i) {
    const double wanted = e.values<double>()[i];
    const double off = distance(a.values<double>()[i], wanted);
    result.max_abs_error = std::max(*result.max_abs_error, off);
    double allowed = tolerance.absolute + tolerance.relative * std::abs(wanted);
    if (is_coarse && std::isfinite(wanted)) allowed = std::max(allowed, last_place(wanted));
    if (off != 0 && !(std::isfinite(wanted) && off <= allowed)) ++beyond;
  }
  if (beyond > 0) {
    result.complaint = "differs in " + std::to_string(beyond) + " of " +
                       std::to_string(actual.size()) + " numbers, by up to " +
                       in_words(*result.max_abs_error);
  }
  return result;
}

}  // namespace ampd::evaluation
