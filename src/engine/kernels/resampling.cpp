// Resize: each axis is resampled on its own, from the outermost on. The coordinates and
// coefficients are those of ONNX's reference.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "graph/resize_plan.hpp"

namespace ampd::engine {
namespace {

using graph::ResizedAxis;
using tensor::Shape;
using tensor::Tensor;

/// One input element's share in an output element; the index may lie outside of the input.
struct Share {
  std::int64_t index;
  double weight;
};

/// How the outputs along one axis come from the inputs; no shares: the extrapolation value.
using Shares = std::vector<std::vector<Share>>;

double source_of(const KernelCall& call, const std::string& mode, const ResizedAxis& axis,
                 std::int64_t x) {
  const auto place = static_cast<double>(x);
  const auto input = static_cast<double>(axis.input);
  const double output = axis.scale * input;
  if (mode == "half_pixel") return (place + 0.5) / axis.scale - 0.5;
  if (mode == "asymmetric") return place / axis.scale;
  if (mode == "pytorch_half_pixel") {
    return axis.output == 1 ? -0.5 : (place + 0.5) / axis.scale - 0.5;
  }
  if (mode == "align_corners") return output == 1 ? 0 : place * (input - 1) / (output - 1);
  if (mode == "tf_half_pixel_for_nn") return (place + 0.5) / axis.scale;
  if (mode == "half_pixel_symmetric") {
    const double adjustment = static_cast<double>(axis.output) / output;
    return input / 2 * (1 - adjustment) + (place + 0.5) / axis.scale - 0.5;
  }
  if (mode == "tf_crop_and_resize") {
    const double width = axis.region_end - axis.region_begin;
    const double inside =
        output == 1 ? width * (input - 1) / 2 : place * width * (input - 1) / (output - 1);
    return inside + axis.region_begin * (input - 1);
  }
  call.fail("has the coordinate_transformation_mode " + mode);
}

std::int64_t nearest_of(const KernelCall& call, const std::string& mode, double source) {
  double chosen = 0;
  if (mode == "round_prefer_floor") {
    chosen = std::ceil(source - 0.5);
  } else if (mode == "round_prefer_ceil") {
    chosen = std::floor(source + 0.5);
  } else if (mode == "floor") {
    chosen = std::floor(source);
  } else if (mode == "ceil") {
    chosen = std::ceil(source);
  } else {
    call.fail("has the nearest_mode " + mode);
  }
  return static_cast<std::int64_t>(chosen);
}

double cubic_weight(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// The elements within `reach` of the source, weighed by distance; stretched where an axis shrinks
/// and aliases are to be avoided.
std::vector<Share> weighed(double source, double reach, double stretch,
                           const std::function<double(double)>& weight) {
  std::vector<Share> shares;
  const auto first = static_cast<std::int64_t>(std::floor(source - reach / stretch)) + 1;
  const auto last = static_cast<std::int64_t>(std::ceil(source + reach / stretch)) - 1;
  for (std::int64_t index = first; index <= last; ++index) {
    shares.push_back({index, weight((static_cast<double>(index) - source) * stretch)});
  }
  return shares;
}

void normalise(std::vector<Share>& shares) {
  double sum = 0;
  for (const Share& share : shares) sum += share.weight;
  for (Share& share : shares) share.weight /= sum;
}

std::vector<Share> shares_at(const KernelCall& call, const ResizedAxis& axis, double source) {
  const graph::Attributes& attributes = call.attributes();
  const std::string mode = attributes.text("mode", "nearest");
  if (mode == "nearest") {
    const std::string rounding = attributes.text("nearest_mode", "round_prefer_floor");
    return {{nearest_of(call, rounding, source), 1}};
  }
  const bool stretches = attributes.integer("antialias", 0) != 0 && axis.scale < 1;
  const double stretch = stretches ? axis.scale : 1;
  std::vector<Share> shares;
  if (mode == "linear") {
    shares = weighed(source, 1, stretch,
                     [](double distance) { return std::max(0.0, 1 - std::abs(distance)); });
  } else if (mode == "cubic") {
    const double a = attributes.real("cubic_coeff_a", -0.75F);
    shares =
        weighed(source, 2, stretch, [a](double distance) { return cubic_weight(distance, a); });
  } else {
    call.fail("has the mode " + mode);
  }
  if (stretches) normalise(shares);
  return shares;
}

Shares shares_of(const KernelCall& call, const ResizedAxis& axis) {
  const graph::Attributes& attributes = call.attributes();
  const std::string mode = attributes.text("coordinate_transformation_mode", "half_pixel");
  const bool excludes = attributes.integer("exclude_outside", 0) != 0;
  Shares result;
  for (std::int64_t x = 0; x < axis.output; ++x) {
    const double source = source_of(call, mode, axis, x);
    if (!std::isfinite(source) || std::abs(source) > 1e15) call.fail("has an impossible scale");
    const bool is_outside = source < 0 || source > static_cast<double>(axis.input - 1);
    if (mode == "tf_crop_and_resize" && is_outside) {
      result.emplace_back();
      continue;
    }
    std::vector<Share> shares = shares_at(call, axis, source);
    for (Share& share : shares) {
      const std::int64_t inside = std::clamp<std::int64_t>(share.index, 0, axis.input - 1);
      if (excludes && inside != share.index) share.weight = 0;
      share.index = inside;
    }
    if (excludes) normalise(shares);
    result.push_back(std::move(shares));
  }
  return result;
}

/// Resamples one axis of `shape`, which is changed with the data.
std::vector<double> resample(const std::vector<double>& from, Shape& shape, std::size_t axis,
                             const Shares& shares) {
  const std::int64_t inner = tensor::row_major_strides(shape)[axis];
  const std::int64_t extent = shape[axis];
  shape[axis] = std::ssize(shares);
  std::vector<double> to(static_cast<std::size_t>(tensor::element_count(shape)));
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t start = at / inner / shape[axis] * extent * inner + at % inner;
    double sum = 0;
    for (const Share& share : shares[static_cast<std::size_t>(at / inner % shape[axis])]) {
      sum += share.weight * from[static_cast<std::size_t>(start + share.index * inner)];
    }
    to[i] = sum;
  }
  return to;
}

/// Marks what lies outside of the crop along any axis.
void extrapolate(std::vector<double>& data, const Shape& shape, const std::vector<Shares>& shares,
                 double value) {
  const Shape strides = tensor::row_major_strides(shape);
  for (std::size_t i = 0; i < data.size(); ++i) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const auto place =
          static_cast<std::size_t>(static_cast<std::int64_t>(i) / strides[axis] % shape[axis]);
      if (shares[axis][place].empty()) data[i] = value;
    }
  }
}

bool run_resize(KernelCall& call) {
  Shape shape = call.input(0).shape();
  const auto axes = graph::resize_plan(call.node(), shape, call.optional_input(1),
                                       call.optional_input(2), call.optional_input(3));
  if (call.output(0).size() == 0) return true;
  std::vector<Shares> shares;
  for (const ResizedAxis& axis : axes) {
    const bool is_kept = axis.input == axis.output && axis.scale == 1 && axis.region_begin == 0 &&
                         axis.region_end == 1;
    shares.push_back(shares_of(call, axis));
    if (!is_kept) continue;
    for (std::int64_t i = 0; i < axis.input; ++i)
      shares.back()[static_cast<std::size_t>(i)] = {{i, 1}};
  }
  const Tensor wide = tensor::convert(call.input(0), tensor::DType::f64);
  std::vector<double> data(wide.values<double>().begin(), wide.values<double>().end());
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    data = resample(data, shape, axis, shares[axis]);
  }
  extrapolate(data, shape, shares, call.attributes().real("extrapolation_value", 0));
  return with_number(call.output(0).dtype(), [&]<class T>(Element<T>) {
    std::ranges::transform(data, call.output(0).mutable_values<T>().begin(), [](double x) {
      return static_cast<T>(std::is_integral_v<T> ? std::nearbyint(x) : x);
    });
  });
}

constexpr std::array kernels{
    Kernel{"Resize", Kernel::Kind::computes, run_resize},
};

}  // namespace

std::span<const Kernel> resampling_kernels() {
  return kernels;
}

}  // namespace ampd::engine
