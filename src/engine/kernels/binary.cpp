#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/saturate.hpp"
#include "engine/kernels/strided.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// to = function(left, right), both broadcast to the shape of `to`.
template <class Left, class Right, class To, class Function>
void combine(const Tensor& left, const Tensor& right, Tensor& result, Function function) {
  const Shape& shape = result.shape();
  const Left* const a = left.values<Left>().data();
  const Right* const b = right.values<Right>().data();
  To* const c = result.mutable_values<To>().data();
  const StridedWalk<3> walk(
      shape, {broadcast_strides(left.shape(), shape), broadcast_strides(right.shape(), shape),
              tensor::row_major_strides(shape)});
  walk.for_each_run([&](const auto& at, const auto& strides, std::int64_t extent) {
    const Left* from_a = a + at[0];
    const Right* from_b = b + at[1];
    To* to = c + at[2];
    if (strides[0] == 1 && strides[1] == 1) {
      for (std::int64_t i = 0; i < extent; ++i)
        to[i] = static_cast<To>(function(from_a[i], from_b[i]));
    } else if (strides[0] == 1 && strides[1] == 0) {
      const Right fixed = *from_b;
      for (std::int64_t i = 0; i < extent; ++i) to[i] = static_cast<To>(function(from_a[i], fixed));
    } else {
      for (std::int64_t i = 0; i < extent; ++i) {
        to[i] = static_cast<To>(function(from_a[i * strides[0]], from_b[i * strides[1]]));
      }
    }
  });
}

template <class Function>
bool combine_numbers(KernelCall& call, Function function) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    combine<T, T, T>(call.input(0), call.input(1), call.output(0), function);
  });
}

template <class Function>
bool combine_integers(KernelCall& call, Function function) {
  if (tensor::is_floating(call.input(0).dtype())) return false;
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    if constexpr (std::is_integral_v<T>) {
      combine<T, T, T>(call.input(0), call.input(1), call.output(0), function);
    }
  });
}

template <class Function>
bool compare(KernelCall& call, Function function) {
  if (call.input(0).dtype() == DType::boolean) {
    combine<std::uint8_t, std::uint8_t, bool>(call.input(0), call.input(1), call.output(0),
                                              function);
    return true;
  }
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    combine<T, T, bool>(call.input(0), call.input(1), call.output(0), function);
  });
}

template <class Function>
bool combine_bools(KernelCall& call, Function function) {
  combine<std::uint8_t, std::uint8_t, bool>(call.input(0), call.input(1), call.output(0), function);
  return true;
}

/// Arithmetic in which integers wrap around, as NumPy's do.
struct Add {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return a + b;
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};

struct Subtract {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return a - b;
    return static_cast<T>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  }
};

struct Multiply {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) return a * b;
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  }
};

/// An integer divided by 0 is 0, so that no input can end the process.
struct Divide {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      return a / b;
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return Subtract{}(T{0}, a);
      }
      return static_cast<T>(a / b);
    }
  }
};

/// The remainder with the sign of the divisor.
struct Modulo {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      const T rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
        const auto rest = static_cast<T>(a % b);
        return static_cast<T>(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
      }
      return static_cast<T>(a % b);
    }
  }
};

/// The remainder with the sign of the dividend.
struct Remainder {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmod(a, b);
    } else {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
      }
      return static_cast<T>(a % b);
    }
  }
};

struct Maximum {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a)) return a;
      if (std::isnan(b)) return b;
    }
    return std::max(a, b);
  }
};

struct Minimum {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a)) return a;
      if (std::isnan(b)) return b;
    }
    return std::min(a, b);
  }
};

template <class T>
T integer_power(T base, std::uint64_t exponent) {
  T result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = Multiply{}(result, base);
    base = Multiply{}(base, base);
  }
  return result;
}

struct Power {
  template <class T, class E>
  T operator()(T base, E exponent) const {
    if constexpr (std::is_floating_point_v<T> && std::is_same_v<T, E>) {
      return exponent == 2 ? base * base : std::pow(base, exponent);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
    } else {
      if constexpr (std::is_integral_v<E>) {
        if (exponent >= 0) return integer_power(base, static_cast<std::uint64_t>(exponent));
      }
      return saturated<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
    }
  }
};

bool run_power(KernelCall& call) {
  bool is_known = false;
  with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    is_known = with_number(call.input(1).dtype(), [&]<class E>(Element<E>) {
      combine<T, E, T>(call.input(0), call.input(1), call.output(0), Power{});
    });
  });
  return is_known;
}

bool run_modulo(KernelCall& call) {
  if (call.attributes().integer("fmod", 0) != 0) return combine_numbers(call, Remainder{});
  return combine_numbers(call, Modulo{});
}

bool run_shift(KernelCall& call) {
  const std::string direction = call.attributes().text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") call.fail("has no direction");
  const bool left = direction == "LEFT";
  return combine_integers(call, [left](auto a, auto b) {
    using T = decltype(a);
    const auto bits = static_cast<std::uint64_t>(b);
    if (bits >= 8 * sizeof(T)) return T{0};
    const auto pattern = static_cast<std::uint64_t>(a);
    return static_cast<T>(left ? pattern << bits : pattern >> bits);
  });
}

bool run_slope(KernelCall& call) {
  return combine_numbers(call, [](auto x, auto slope) { return x < 0 ? Multiply{}(x, slope) : x; });
}

/// The first input, broadcast to the output's shape.
void start_with_first(KernelCall& call) {
  const Tensor& first = call.input(0);
  Tensor& output = call.output(0);
  with_size(first.dtype(), [&]<class T>(Element<T>) {
    copy_strided(first.values<T>().data(), broadcast_strides(first.shape(), output.shape()),
                 output.mutable_values<T>().data(), tensor::row_major_strides(output.shape()),
                 output.shape());
  });
}

template <class Function>
bool combine_all(KernelCall& call, Function function) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    start_with_first(call);
    for (std::size_t i = 1; i < call.input_count(); ++i) {
      combine<T, T, T>(call.output(0), call.input(i), call.output(0), function);
    }
  });
}

bool run_mean(KernelCall& call) {
  const auto count = static_cast<double>(call.input_count());
  return combine_all(call, Add{}) && with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
           for (T& element : call.output(0).mutable_values<T>()) element /= static_cast<T>(count);
         });
}

bool run_where(KernelCall& call) {
  Tensor& output = call.output(0);
  const Shape& shape = output.shape();
  const StridedWalk<4> walk(
      shape, {broadcast_strides(call.input(0).shape(), shape),
              broadcast_strides(call.input(1).shape(), shape),
              broadcast_strides(call.input(2).shape(), shape), tensor::row_major_strides(shape)});
  const std::uint8_t* condition = call.input(0).values<std::uint8_t>().data();
  with_size(output.dtype(), [&]<class T>(Element<T>) {
    const T* yes = call.input(1).values<T>().data();
    const T* no = call.input(2).values<T>().data();
    T* to = output.mutable_values<T>().data();
    walk.for_each_run([&](const auto& at, const auto& strides, std::int64_t extent) {
      for (std::int64_t i = 0; i < extent; ++i) {
        to[at[3] + i * strides[3]] = condition[at[0] + i * strides[0]] != 0
                                         ? yes[at[1] + i * strides[1]]
                                         : no[at[2] + i * strides[2]];
      }
    });
  });
  return true;
}

constexpr auto computes = Kernel::Kind::computes;

template <class Function>
constexpr Kernel number_kernel(std::string_view op_type, Function) {
  return {op_type, computes, [](KernelCall& call) { return combine_numbers(call, Function{}); }};
}

template <class Function>
constexpr Kernel integer_kernel(std::string_view op_type, Function) {
  return {op_type, computes, [](KernelCall& call) { return combine_integers(call, Function{}); }};
}

template <class Function>
constexpr Kernel comparison_kernel(std::string_view op_type, Function) {
  return {op_type, computes, [](KernelCall& call) { return compare(call, Function{}); }};
}

template <class Function>
constexpr Kernel bool_kernel(std::string_view op_type, Function) {
  return {op_type, Kernel::Kind::moves,
          [](KernelCall& call) { return combine_bools(call, Function{}); }};
}

template <class Function>
constexpr Kernel variadic_kernel(std::string_view op_type, Function) {
  return {op_type, computes, [](KernelCall& call) { return combine_all(call, Function{}); }};
}

constexpr std::array kernels{
    number_kernel("Add", Add{}),
    bool_kernel("And", [](auto a, auto b) { return a != 0 && b != 0; }),
    Kernel{"BitShift", computes, run_shift},
    integer_kernel("BitwiseAnd", [](auto a, auto b) { return a & b; }),
    integer_kernel("BitwiseOr", [](auto a, auto b) { return a | b; }),
    integer_kernel("BitwiseXor", [](auto a, auto b) { return a ^ b; }),
    number_kernel("Div", Divide{}),
    comparison_kernel("Equal", [](auto a, auto b) { return a == b; }),
    comparison_kernel("Greater", [](auto a, auto b) { return a > b; }),
    comparison_kernel("GreaterOrEqual", [](auto a, auto b) { return a >= b; }),
    comparison_kernel("Less", [](auto a, auto b) { return a < b; }),
    comparison_kernel("LessOrEqual", [](auto a, auto b) { return a <= b; }),
    variadic_kernel("Max", Maximum{}),
    Kernel{"Mean", computes, run_mean},
    variadic_kernel("Min", Minimum{}),
    Kernel{"Mod", computes, run_modulo},
    number_kernel("Mul", Multiply{}),
    bool_kernel("Or", [](auto a, auto b) { return a != 0 || b != 0; }),
    Kernel{"PRelu", computes, run_slope},
    Kernel{"Pow", computes, run_power},
    number_kernel("Sub", Subtract{}),
    variadic_kernel("Sum", Add{}),
    Kernel{"Where", Kernel::Kind::moves, run_where},
    bool_kernel("Xor", [](auto a, auto b) { return (a != 0) != (b != 0); }),
};

}  // namespace

std::span<const Kernel> binary_kernels() {
  return kernels;
}

}  // namespace ampd::engine
