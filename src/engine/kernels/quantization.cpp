#include <algorithm>
#include <array>
#include <cmath>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/saturate.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Which entry of a scale or zero point belongs to each element: one for all, one per place along
/// an axis, or one per block along it.
class ScaleIndex {
 public:
  ScaleIndex(const KernelCall& call, const Tensor& data, const Tensor& scale) {
    if (scale.size() == 1) return;
    const Shape& shape = data.shape();
    axis_ = call.axis(call.attributes().integer("axis", 1), shape.size());
    inner_ = tensor::row_major_strides(shape)[axis_];
    extent_ = shape[axis_];
    if (scale.shape().size() == 1) {
      if (scale.size() != extent_) call.fail("has a scale that does not fit its axis");
      return;
    }
    block_ = call.attributes().integer("block_size", 0);
    Shape expected = shape;
    if (block_ > 0) expected[axis_] = (extent_ + block_ - 1) / block_;
    if (block_ <= 0 || scale.shape() != expected)
      call.fail("has a scale that does not fit its blocks");
  }

  std::size_t of(std::int64_t element) const {
    if (extent_ == 0) return 0;
    const std::int64_t place = element / inner_ % extent_;
    if (block_ == 0) return static_cast<std::size_t>(place);
    const std::int64_t blocks = (extent_ + block_ - 1) / block_;
    const std::int64_t outer = element / inner_ / extent_;
    return static_cast<std::size_t>((outer * blocks + place / block_) * inner_ + element % inner_);
  }

 private:
  std::size_t axis_ = 0;
  std::int64_t inner_ = 1;
  std::int64_t extent_ = 0;  // 0: one scale for all
  std::int64_t block_ = 0;
};

std::vector<double> wide(const Tensor& value) {
  const Tensor converted = tensor::convert(value, DType::f64);
  return {converted.values<double>().begin(), converted.values<double>().end()};
}

std::vector<double> zero_points(const KernelCall& call, std::size_t input, std::size_t count) {
  if (!call.has(input)) return std::vector<double>(count, 0);
  std::vector<double> points = wide(call.input(input));
  if (points.size() != count) call.fail("has another number of zero points than of scales");
  return points;
}

bool run_quantize(KernelCall& call) {
  const ScaleIndex index(call, call.input(0), call.input(1));
  const std::vector<double> data = wide(call.input(0));
  const std::vector<double> scales = wide(call.input(1));
  const std::vector<double> zeros = zero_points(call, 2, scales.size());
  return with_number(call.output(0).dtype(), [&]<class T>(Element<T>) {
    const auto to = call.output(0).mutable_values<T>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      const std::size_t k = index.of(static_cast<std::int64_t>(i));
      // In float, as the reference divides: the quotient decides which way a half is rounded.
      const float quotient = static_cast<float>(data[i]) / static_cast<float>(scales[k]);
      to[i] = saturated<T>(std::nearbyint(static_cast<double>(quotient)) + zeros[k]);
    }
  });
}

bool run_dequantize(KernelCall& call) {
  const ScaleIndex index(call, call.input(0), call.input(1));
  const std::vector<double> data = wide(call.input(0));
  const std::vector<double> scales = wide(call.input(1));
  const std::vector<double> zeros = zero_points(call, 2, scales.size());
  return with_real(call.output(0).dtype(), [&]<class T>(Element<T>) {
    const auto to = call.output(0).mutable_values<T>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      const std::size_t k = index.of(static_cast<std::int64_t>(i));
      to[i] = static_cast<T>((data[i] - zeros[k]) * scales[k]);
    }
  });
}

bool run_dynamic_quantize(KernelCall& call) {
  const auto data = call.input(0).values<float>();
  float low = 0;
  float high = 0;
  for (const float x : data) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  const float scale = (high - low) / 255;
  const auto zero =
      scale == 0 ? std::uint8_t{0} : saturated<std::uint8_t>(std::nearbyint(-low / scale));
  const auto to = call.output(0).mutable_values<std::uint8_t>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] =
        scale == 0
            ? zero
            : saturated<std::uint8_t>(std::nearbyint(static_cast<double>(data[i] / scale)) + zero);
  }
  if (call.has_output(1)) call.output(1).mutable_values<float>()[0] = scale;
  if (call.has_output(2)) call.output(2).mutable_values<std::uint8_t>()[0] = zero;
  return true;
}

constexpr std::array kernels{
    Kernel{"DequantizeLinear", Kernel::Kind::computes, run_dequantize},
    Kernel{"DynamicQuantizeLinear", Kernel::Kind::computes, run_dynamic_quantize},
    Kernel{"QuantizeLinear", Kernel::Kind::computes, run_quantize},
};

}  // namespace

std::span<const Kernel> quantization_kernels() {
  return kernels;
}

}  // namespace ampd::engine
