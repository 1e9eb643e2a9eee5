#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/window_taps.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

/// The planes of a pool: batch and channels together, each of so many pixels.
struct Planes {
  graph::SpatialWindow window;
  Shape input;
  std::int64_t count;
  std::int64_t input_pixels;
  std::int64_t output_pixels;
};

Planes planes_of(const KernelCall& call, const Shape& kernel) {
  const Shape& shape = call.input(0).shape();
  Planes planes;
  planes.input = spatial(shape);
  planes.window = graph::spatial_window(call.node(), planes.input, kernel);
  planes.count = shape[0] * shape[1];
  planes.input_pixels = tensor::element_count(planes.input);
  planes.output_pixels = tensor::element_count(planes.window.output);
  return planes;
}

/// `combine(values of one plane, taps, padded)` gives each pixel of the result.
template <class T, class Combine>
void pool(KernelCall& call, const Planes& planes, Combine&& combine) {
  const T* from = call.input(0).values<T>().data();
  T* to = call.output(0).mutable_values<T>().data();
  const WindowTaps places(planes.window, planes.input);
  places.for_each_place([&](std::int64_t place, const std::vector<Tap>& taps, std::int64_t padded) {
    for (std::int64_t plane = 0; plane < planes.count; ++plane) {
      to[plane * planes.output_pixels + place] =
          static_cast<T>(combine(from + plane * planes.input_pixels, taps, padded));
    }
  });
}

/// A row-major offset in one plane as an offset with the first axis running fastest.
std::int64_t column_major(std::int64_t offset, const Shape& extents) {
  std::int64_t result = 0;
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    std::int64_t stride = 1;
    for (std::size_t before = 0; before < axis; ++before) stride *= extents[before];
    result += offset % extents[axis] * stride;
    offset /= extents[axis];
  }
  return result;
}

template <class T>
void max_pool(KernelCall& call, const Planes& planes) {
  const bool by_columns = call.attributes().integer("storage_order", 0) != 0;
  const T* from = call.input(0).values<T>().data();
  T* to = call.output(0).mutable_values<T>().data();
  std::int64_t* indices =
      call.has_output(1) ? call.output(1).mutable_values<std::int64_t>().data() : nullptr;
  const WindowTaps places(planes.window, planes.input);
  places.for_each_place([&](std::int64_t place, const std::vector<Tap>& taps, std::int64_t) {
    for (std::int64_t plane = 0; plane < planes.count; ++plane) {
      const T* values = from + plane * planes.input_pixels;
      T largest = std::numeric_limits<T>::lowest();
      std::int64_t winner = taps.empty() ? 0 : taps.front().input;
      for (const Tap& tap : taps) {
        const T value = values[tap.input];
        if (&tap != taps.data() && !(value > largest) && value == value) continue;
        largest = value;
        winner = tap.input;
        if (value != value) break;
      }
      const std::int64_t at = plane * planes.output_pixels + place;
      to[at] = largest;
      if (indices == nullptr) continue;
      indices[at] =
          plane * planes.input_pixels + (by_columns ? column_major(winner, planes.input) : winner);
    }
  });
}

bool run_max_pool(KernelCall& call) {
  const Planes planes = planes_of(call, call.attributes().integers("kernel_shape"));
  return with_number(call.input(0).dtype(),
                     [&]<class T>(Element<T>) { max_pool<T>(call, planes); });
}

bool run_global_max_pool(KernelCall& call) {
  const Planes planes = planes_of(call, spatial(call.input(0).shape()));
  return with_number(call.input(0).dtype(),
                     [&]<class T>(Element<T>) { max_pool<T>(call, planes); });
}

bool average(KernelCall& call, const Shape& kernel) {
  const Planes planes = planes_of(call, kernel);
  const bool counts_padding = call.attributes().integer("count_include_pad", 0) != 0;
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    pool<T>(call, planes, [&](const T* values, const std::vector<Tap>& taps, std::int64_t padded) {
      double sum = 0;
      for (const Tap& tap : taps) sum += static_cast<double>(values[tap.input]);
      const auto count = counts_padding ? padded : std::ssize(taps);
      return count == 0 ? 0 : sum / static_cast<double>(count);
    });
  });
}

bool run_average_pool(KernelCall& call) {
  return average(call, call.attributes().integers("kernel_shape"));
}

bool run_global_average_pool(KernelCall& call) {
  return average(call, spatial(call.input(0).shape()));
}

bool norm(KernelCall& call, const Shape& kernel) {
  const Planes planes = planes_of(call, kernel);
  const auto p = static_cast<double>(call.attributes().integer("p", 2));
  if (p < 1) call.fail("has a p below 1");
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    pool<T>(call, planes, [&](const T* values, const std::vector<Tap>& taps, std::int64_t) {
      double sum = 0;
      for (const Tap& tap : taps) {
        sum += std::pow(std::abs(static_cast<double>(values[tap.input])), p);
      }
      return std::pow(sum, 1 / p);
    });
  });
}

bool run_norm_pool(KernelCall& call) {
  return norm(call, call.attributes().integers("kernel_shape"));
}

bool run_global_norm_pool(KernelCall& call) {
  return norm(call, spatial(call.input(0).shape()));
}

/// A place of the pooled tensor's plane, among the planes of the larger result: indices count
/// within the tensor that was pooled, whose shape the attributes give.
bool run_max_unpool(KernelCall& call) {
  const Shape input = spatial(call.input(0).shape());
  const Shape kernel = call.attributes().integers("kernel_shape");
  const Shape pooled = graph::transposed_window(call.node(), input, kernel).output;
  Shape full = call.output(0).shape();
  const Shape target = spatial(full);
  const std::int64_t plane = tensor::element_count(pooled);
  const auto indices = call.input(1).values<std::int64_t>();
  if (call.input(1).shape() != call.input(0).shape()) call.fail("needs an index per element");
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const auto from = call.input(0).values<T>();
    const auto to = call.output(0).mutable_values<T>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (indices[i] < 0) call.fail("has a negative index");
      std::int64_t rest = indices[i] % plane;
      std::int64_t offset = 0;
      std::int64_t stride = 1;
      for (std::size_t axis = pooled.size(); axis-- > 0;) {
        if (rest % pooled[axis] >= target[axis]) call.fail("has an index outside of its result");
        offset += rest % pooled[axis] * stride;
        stride *= target[axis];
        rest /= pooled[axis];
      }
      const auto at = static_cast<std::size_t>(indices[i] / plane * stride + offset);
      if (at >= to.size()) call.fail("has an index outside of its result");
      to[at] = from[i];
    }
  });
}

constexpr auto computes = Kernel::Kind::computes;

constexpr std::array kernels{
    Kernel{"AveragePool", computes, run_average_pool},
    Kernel{"GlobalAveragePool", computes, run_global_average_pool},
    Kernel{"GlobalLpPool", computes, run_global_norm_pool},
    Kernel{"GlobalMaxPool", computes, run_global_max_pool},
    Kernel{"LpPool", computes, run_norm_pool},
    Kernel{"MaxPool", computes, run_max_pool},
    Kernel{"MaxUnpool", computes, run_max_unpool},
};

}  // namespace

std::span<const Kernel> pooling_kernels() {
  return kernels;
}

}  // namespace ampd::engine
