#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::Tensor;

template <class T, class Function>
void map(KernelCall& call, Function function) {
  const auto from = call.input(0).values<T>();
  const auto to = call.output(0).mutable_values<T>();
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<T>(function(from[i]));
}

template <class Function>
bool map_reals(KernelCall& call, Function function) {
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) { map<T>(call, function); });
}

template <class Function>
bool map_numbers(KernelCall& call, Function function) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) { map<T>(call, function); });
}

/// Integers wrap: the negative of the smallest one is itself.
template <class T>
T negative(T value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(value));
  } else {
    return -value;
  }
}

template <class T>
T softplus(T x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

template <class T>
T sigmoid(T x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const T e = std::exp(x);
  return e / (1 + e);
}

bool run_elu(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 1);
  return map_reals(call, [alpha](auto x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

bool run_celu(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 1);
  return map_reals(call, [alpha](auto x) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
}

bool run_selu(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 1.67326319217681884765625F);
  const float gamma = call.attributes().real("gamma", 1.05070102214813232421875F);
  return map_reals(call,
                   [alpha, gamma](auto x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
}

bool run_leaky_relu(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 0.01F);
  return map_reals(call, [alpha](auto x) { return x < 0 ? alpha * x : x; });
}

bool run_thresholded_relu(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 1);
  return map_reals(call, [alpha](auto x) { return x > alpha ? x : decltype(x){0}; });
}

bool run_hard_sigmoid(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 0.2F);
  const float beta = call.attributes().real("beta", 0.5F);
  return map_reals(call, [alpha, beta](auto x) {
    using T = decltype(x);
    return std::max(T{0}, std::min(T{1}, static_cast<T>(alpha * x + beta)));
  });
}

bool run_hard_swish(KernelCall& call) {
  return map_reals(call, [](auto x) {
    using T = decltype(x);
    return x * std::max(T{0}, std::min(T{1}, x / 6 + T{0.5}));
  });
}

bool run_gelu(KernelCall& call) {
  const std::string form = call.attributes().text("approximate", "none");
  if (form == "none") {
    return map_reals(call, [](auto x) {
      using T = decltype(x);
      return T{0.5} * x * (1 + std::erf(x / std::numbers::sqrt2_v<T>));
    });
  }
  if (form != "tanh") call.fail("approximates by " + form);
  return map_reals(call, [](auto x) {
    using T = decltype(x);
    const T inner = T(0.7978845608028654) * (x + T(0.044715) * x * x * x);
    return T{0.5} * x * (1 + std::tanh(inner));
  });
}

bool run_swish(KernelCall& call) {
  const float alpha = call.attributes().real("alpha", 1);
  return map_reals(call, [alpha](auto x) { return x * sigmoid(alpha * x); });
}

bool run_shrink(KernelCall& call) {
  const float lambda = call.attributes().real("lambd", 0.5F);
  const float bias = call.attributes().real("bias", 0);
  return map_numbers(call, [lambda, bias](auto x) {
    const auto real = static_cast<double>(x);
    if (real < -lambda) return real + bias;
    return real > lambda ? real - bias : 0;
  });
}

bool run_clip(KernelCall& call) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    T low = std::numeric_limits<T>::lowest();
    T high = std::numeric_limits<T>::max();
    if (const Tensor* bound = call.optional_input(1)) low = bound->values<T>()[0];
    if (const Tensor* bound = call.optional_input(2)) high = bound->values<T>()[0];
    map<T>(call, [low, high](T x) {
      const T raised = x < low ? low : x;
      return raised > high ? high : raised;
    });
  });
}

bool run_clip_checked(KernelCall& call) {
  for (std::size_t input = 1; input < 3; ++input) {
    const Tensor* bound = call.optional_input(input);
    if (bound != nullptr && bound->size() != 1) call.fail("needs one number as a bound");
  }
  return run_clip(call);
}

bool run_abs(KernelCall& call) {
  return map_numbers(call, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>) return std::abs(x);
    return x < 0 ? negative(x) : x;
  });
}

bool run_sign(KernelCall& call) {
  return map_numbers(call, [](auto x) {
    using T = decltype(x);
    if (x > 0) return T{1};
    return x < 0 ? negative(T{1}) : x;
  });
}

template <class Function>
bool test_reals(KernelCall& call, Function function) {
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const auto from = call.input(0).values<T>();
    const auto to = call.output(0).mutable_values<bool>();
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = function(from[i]);
  });
}

bool run_is_inf(KernelCall& call) {
  const bool negatives = call.attributes().integer("detect_negative", 1) != 0;
  const bool positives = call.attributes().integer("detect_positive", 1) != 0;
  return test_reals(call, [negatives, positives](auto x) {
    return std::isinf(x) && (x < 0 ? negatives : positives);
  });
}

bool run_is_nan(KernelCall& call) {
  return test_reals(call, [](auto x) { return std::isnan(x); });
}

bool run_not(KernelCall& call) {
  const auto from = call.input(0).values<std::uint8_t>();
  const auto to = call.output(0).mutable_values<std::uint8_t>();
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i] == 0;
  return true;
}

bool run_bitwise_not(KernelCall& call) {
  if (tensor::is_floating(call.input(0).dtype())) return false;
  return map_numbers(call, [](auto x) {
    using T = decltype(x);
    if constexpr (std::is_integral_v<T>) return static_cast<T>(~x);
    return x;
  });
}

bool run_cast(KernelCall& call) {
  const tensor::DType dtype = call.output(0).dtype();
  call.set_output(0, tensor::convert(call.input(0), dtype));
  return true;
}

constexpr auto computes = Kernel::Kind::computes;

template <class Function>
constexpr Kernel real_kernel(std::string_view op_type, Function) {
  return {op_type, computes, [](KernelCall& call) { return map_reals(call, Function{}); }};
}

constexpr std::array kernels{
    Kernel{"Abs", computes, run_abs},
    real_kernel("Acos", [](auto x) { return std::acos(x); }),
    real_kernel("Acosh", [](auto x) { return std::acosh(x); }),
    real_kernel("Asin", [](auto x) { return std::asin(x); }),
    real_kernel("Asinh", [](auto x) { return std::asinh(x); }),
    real_kernel("Atan", [](auto x) { return std::atan(x); }),
    real_kernel("Atanh", [](auto x) { return std::atanh(x); }),
    Kernel{"BitwiseNot", computes, run_bitwise_not},
    Kernel{"Cast", Kernel::Kind::moves, run_cast},
    Kernel{"CastLike", Kernel::Kind::moves, run_cast},
    real_kernel("Ceil", [](auto x) { return std::ceil(x); }),
    Kernel{"Celu", computes, run_celu},
    Kernel{"Clip", computes, run_clip_checked},
    real_kernel("Cos", [](auto x) { return std::cos(x); }),
    real_kernel("Cosh", [](auto x) { return std::cosh(x); }),
    Kernel{"Elu", computes, run_elu},
    real_kernel("Erf", [](auto x) { return std::erf(x); }),
    real_kernel("Exp", [](auto x) { return std::exp(x); }),
    real_kernel("Floor", [](auto x) { return std::floor(x); }),
    Kernel{"Gelu", computes, run_gelu},
    Kernel{"HardSigmoid", computes, run_hard_sigmoid},
    Kernel{"HardSwish", computes, run_hard_swish},
    Kernel{"IsInf", computes, run_is_inf},
    Kernel{"IsNaN", computes, run_is_nan},
    Kernel{"LeakyRelu", computes, run_leaky_relu},
    real_kernel("Log", [](auto x) { return std::log(x); }),
    real_kernel("Mish", [](auto x) { return x * std::tanh(softplus(x)); }),
    Kernel{"Neg", computes,
           [](KernelCall& call) { return map_numbers(call, [](auto x) { return negative(x); }); }},
    Kernel{"Not", Kernel::Kind::moves, run_not},
    real_kernel("Reciprocal", [](auto x) { return 1 / x; }),
    Kernel{"Relu", computes,
           [](KernelCall& call) {
             return map_numbers(call, [](auto x) { return x < 0 ? decltype(x){0} : x; });
           }},
    real_kernel("Round", [](auto x) { return std::nearbyint(x); }),
    Kernel{"Selu", computes, run_selu},
    Kernel{"Shrink", computes, run_shrink},
    real_kernel("Sigmoid", [](auto x) { return sigmoid(x); }),
    Kernel{"Sign", computes, run_sign},
    real_kernel("Sin", [](auto x) { return std::sin(x); }),
    real_kernel("Sinh", [](auto x) { return std::sinh(x); }),
    real_kernel("Softplus", [](auto x) { return softplus(x); }),
    real_kernel("Softsign", [](auto x) { return x / (1 + std::abs(x)); }),
    real_kernel("Sqrt", [](auto x) { return std::sqrt(x); }),
    Kernel{"Swish", computes, run_swish},
    real_kernel("Tan", [](auto x) { return std::tan(x); }),
    real_kernel("Tanh", [](auto x) { return std::tanh(x); }),
    Kernel{"ThresholdedRelu", computes, run_thresholded_relu},
};

}  // namespace

std::span<const Kernel> unary_kernels() {
  return kernels;
}

}  // namespace ampd::engine
