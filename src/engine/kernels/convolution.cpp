#include <array>
#include <cstdint>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/products.hpp"
#include "engine/kernels/window_taps.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

Shape kernel_extents(const KernelCall& call, const Tensor& weights) {
  const Shape given = call.attributes().integers("kernel_shape");
  return given.empty() ? spatial(weights.shape()) : given;
}

/// Extents that the loops need, all per group where it says so.
struct Extents {
  std::int64_t batch;
  std::int64_t group;
  std::int64_t input_channels;   // of one group
  std::int64_t output_channels;  // of one group
  std::int64_t input_pixels;
  std::int64_t output_pixels;
  std::int64_t kernel_pixels;
};

template <class T>
T bias_of(const Tensor* bias, std::int64_t channel) {
  return bias != nullptr ? bias->values<T>()[static_cast<std::size_t>(channel)] : T{0};
}

template <class T>
void convolve(KernelCall& call, const graph::SpatialWindow& window, const Extents& e) {
  const T* input = call.input(0).values<T>().data();
  const T* weights = call.input(1).values<T>().data();
  const Tensor* bias = call.optional_input(2);
  T* output = call.output(0).mutable_values<T>().data();
  const WindowTaps places(window, spatial(call.input(0).shape()));
  const std::int64_t channels = e.group * e.output_channels;
  places.for_each_place([&](std::int64_t place, const std::vector<Tap>& taps, std::int64_t) {
    for (std::int64_t k = 0; k < e.batch * channels; ++k) {
      const std::int64_t channel = k % channels;
      const std::int64_t first =
          (k / channels * e.group + channel / e.output_channels) * e.input_channels;
      double sum = bias_of<T>(bias, channel);
      for (std::int64_t c = 0; c < e.input_channels; ++c) {
        const T* from = input + (first + c) * e.input_pixels;
        const T* by = weights + (channel * e.input_channels + c) * e.kernel_pixels;
        for (const Tap& tap : taps) {
          sum += static_cast<double>(from[tap.input]) * static_cast<double>(by[tap.kernel]);
        }
      }
      output[k * e.output_pixels + place] = static_cast<T>(sum);
    }
  });
}

}  // namespace

bool run_conv(KernelCall& call) {
  const Tensor& weights = call.input(1);
  const Shape input = spatial(call.input(0).shape());
  const Shape kernel = kernel_extents(call, weights);
  const graph::SpatialWindow window = graph::spatial_window(call.node(), input, kernel);
  Extents e{};
  e.batch = call.input(0).shape()[0];
  e.group = call.attributes().integer("group", 1);
  e.input_channels = weights.shape()[1];
  e.output_channels = weights.shape()[0] / e.group;
  e.input_pixels = tensor::element_count(input);
  e.output_pixels = tensor::element_count(window.output);
  e.kernel_pixels = tensor::element_count(kernel);
  return with_real(call.input(0).dtype(),
                   [&]<class T>(Element<T>) { convolve<T>(call, window, e); });
}

namespace {

/// The same window seen from the other side: each input place spreads over the output's pixels.
template <class T>
void convolve_transposed(KernelCall& call, const graph::SpatialWindow& window, const Extents& e) {
  const T* input = call.input(0).values<T>().data();
  const T* weights = call.input(1).values<T>().data();
  const Tensor* bias = call.optional_input(2);
  const std::int64_t channels = e.group * e.output_channels;
  std::vector<double> sums(static_cast<std::size_t>(call.output(0).size()));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto channel = static_cast<std::int64_t>(i) / e.output_pixels % channels;
    sums[i] = bias_of<T>(bias, channel);
  }
  graph::SpatialWindow spread = window;
  spread.output = spatial(call.input(0).shape());
  const WindowTaps places(spread, window.output);
  places.for_each_place([&](std::int64_t place, const std::vector<Tap>& taps, std::int64_t) {
    for (std::int64_t k = 0; k < e.batch * channels; ++k) {
      const std::int64_t channel = k % channels;
      const std::int64_t group = channel / e.output_channels;
      double* to = sums.data() + k * e.output_pixels;
      for (std::int64_t c = 0; c < e.input_channels; ++c) {
        const std::int64_t source = group * e.input_channels + c;
        const auto value = static_cast<double>(
            input[(k / channels * e.group * e.input_channels + source) * e.input_pixels + place]);
        const T* by =
            weights + (source * e.output_channels + channel % e.output_channels) * e.kernel_pixels;
        for (const Tap& tap : taps) to[tap.input] += value * static_cast<double>(by[tap.kernel]);
      }
    }
  });
  const auto output = call.output(0).mutable_values<T>();
  for (std::size_t i = 0; i < sums.size(); ++i) output[i] = static_cast<T>(sums[i]);
}

bool run_conv_transpose(KernelCall& call) {
  const Tensor& weights = call.input(1);
  const Shape input = spatial(call.input(0).shape());
  const Shape kernel = kernel_extents(call, weights);
  const graph::SpatialWindow window = graph::transposed_window(call.node(), input, kernel);
  Extents e{};
  e.batch = call.input(0).shape()[0];
  e.group = call.attributes().integer("group", 1);
  e.input_channels = weights.shape()[0] / e.group;
  e.output_channels = weights.shape()[1];
  e.input_pixels = tensor::element_count(input);
  e.output_pixels = tensor::element_count(window.output);
  e.kernel_pixels = tensor::element_count(kernel);
  return with_real(call.input(0).dtype(),
                   [&]<class T>(Element<T>) { convolve_transposed<T>(call, window, e); });
}

/// Each column spreads over the pixels that its window covers, where it adds to the others.
template <class T>
void add_columns(KernelCall& call, const graph::SpatialWindow& window, const Shape& image) {
  const Shape& shape = call.output(0).shape();
  const std::int64_t pixels = tensor::element_count(image);
  const std::int64_t block = tensor::element_count(window.kernel);
  const std::int64_t columns = tensor::element_count(window.output);
  const T* from = call.input(0).values<T>().data();
  T* to = call.output(0).mutable_values<T>().data();
  const WindowTaps places(window, image);
  places.for_each_place([&](std::int64_t place, const std::vector<Tap>& taps, std::int64_t) {
    for (std::int64_t plane = 0; plane < shape[0] * shape[1]; ++plane) {
      for (const Tap& tap : taps) {
        T& sum = to[plane * pixels + tap.input];
        sum = static_cast<T>(sum + from[(plane * block + tap.kernel) * columns + place]);
      }
    }
  });
}

bool run_columns_to_image(KernelCall& call) {
  const Shape image = spatial(call.output(0).shape());
  const graph::SpatialWindow window = graph::spatial_window(call.node(), image, call.integers(2));
  return with_number(call.input(0).dtype(),
                     [&]<class T>(Element<T>) { add_columns<T>(call, window, image); });
}

constexpr std::array kernels{
    Kernel{"Col2Im", Kernel::Kind::computes, run_columns_to_image},
    Kernel{"Conv", Kernel::Kind::computes, run_conv},
    Kernel{"ConvTranspose", Kernel::Kind::computes, run_conv_transpose},
};

}  // namespace

std::span<const Kernel> convolution_kernels() {
  return kernels;
}

}  // namespace ampd::engine
