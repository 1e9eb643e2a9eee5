// Products of quantized integers. They are computed in double, which is exact for sums below 2^53.
#include <array>
#include <cmath>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/products.hpp"
#include "engine/kernels/saturate.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

std::vector<double> wide(const Tensor& value) {
  const Tensor converted = tensor::convert(value, DType::f64);
  return {converted.values<double>().begin(), converted.values<double>().end()};
}

/// One number for all, or one for each place along an axis.
class PerAxis {
 public:
  PerAxis(const KernelCall& call, std::vector<double> values, const Shape& shape, std::size_t axis)
      : values_(std::move(values)),
        inner_(tensor::row_major_strides(shape)[axis]),
        extent_(shape[axis]) {
    const auto count = std::ssize(values_);
    if (count != 1 && count != extent_) call.fail("has scales or zero points that do not fit");
  }

  double at(std::size_t element) const {
    if (values_.size() == 1) return values_[0];
    return values_[static_cast<std::size_t>(static_cast<std::int64_t>(element) / inner_ % extent_)];
  }

 private:
  std::vector<double> values_;
  std::int64_t inner_;
  std::int64_t extent_;
};

/// The input in double, less its zero point.
Tensor centred(const KernelCall& call, std::size_t input, std::size_t zero_point,
               std::size_t axis) {
  Tensor result = tensor::convert(call.input(input), DType::f64);
  if (!call.has(zero_point)) return result;
  const PerAxis zeros(call, wide(call.input(zero_point)), result.shape(), axis);
  const auto values = result.mutable_values<double>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= zeros.at(i);
  return result;
}

std::size_t axis_from_end(const Tensor& value, std::size_t position) {
  const std::size_t rank = value.shape().size();
  return rank < position ? 0 : rank - position;
}

/// The exact product of two centred inputs.
Tensor product(KernelCall& call, bool (*run)(KernelCall&), const Tensor& left,
               const Tensor& right) {
  KernelCall inner(call.node(), {&left, &right}, {Tensor(DType::f64, call.output(0).shape())});
  run(inner);
  return *inner.take_outputs()[0];
}

bool run_integer_matmul(KernelCall& call) {
  const Tensor left = centred(call, 0, 2, axis_from_end(call.input(0), 2));
  const Tensor right = centred(call, 1, 3, axis_from_end(call.input(1), 1));
  call.set_output(0, tensor::convert(product(call, run_matmul, left, right), DType::i32));
  return true;
}

bool run_integer_conv(KernelCall& call) {
  const Tensor left = centred(call, 0, 2, 1);
  const Tensor right = centred(call, 1, 3, 0);
  call.set_output(0, tensor::convert(product(call, run_conv, left, right), DType::i32));
  return true;
}

/// The scales of a quantized product lie at inputs 1, 4 and 6, the result's zero point at 7.
bool requantize(KernelCall& call, const Tensor& exact, const PerAxis& left, const PerAxis& right) {
  const double scale = wide(call.input(6)).at(0);
  const double zero = wide(call.input(7)).at(0);
  const auto from = exact.values<double>();
  return with_number(call.output(0).dtype(), [&]<class T>(Element<T>) {
    const auto to = call.output(0).mutable_values<T>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      const double factor = left.at(i) * right.at(i) / scale;
      to[i] = saturated<T>(std::nearbyint(from[i] * factor) + zero);
    }
  });
}

bool run_quantized_matmul(KernelCall& call) {
  const Tensor left = centred(call, 0, 2, axis_from_end(call.input(0), 2));
  const Tensor right = centred(call, 3, 5, axis_from_end(call.input(3), 1));
  const Tensor exact = product(call, run_matmul, left, right);
  const Shape shape = exact.shape().empty() ? Shape{1} : exact.shape();
  return requantize(call, exact,
                    {call, wide(call.input(1)), shape, shape.size() < 2 ? 0 : shape.size() - 2},
                    {call, wide(call.input(4)), shape, shape.size() - 1});
}

bool run_quantized_conv(KernelCall& call) {
  const Tensor left = centred(call, 0, 2, 1);
  const Tensor right = centred(call, 3, 5, 0);
  Tensor exact = product(call, run_conv, left, right);
  if (call.has(8)) {
    const PerAxis bias(call, wide(call.input(8)), exact.shape(), 1);
    const auto values = exact.mutable_values<double>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += bias.at(i);
  }
  return requantize(call, exact, {call, wide(call.input(1)), exact.shape(), 1},
                    {call, wide(call.input(4)), exact.shape(), 1});
}

constexpr std::array kernels{
    Kernel{"ConvInteger", Kernel::Kind::computes, run_integer_conv},
    Kernel{"MatMulInteger", Kernel::Kind::computes, run_integer_matmul},
    Kernel{"QLinearConv", Kernel::Kind::computes, run_quantized_conv},
    Kernel{"QLinearMatMul", Kernel::Kind::computes, run_quantized_matmul},
};

}  // namespace

std::span<const Kernel> integer_product_kernels() {
  return kernels;
}

}  // namespace ampd::engine
