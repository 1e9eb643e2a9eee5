#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/strided.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

/// A tensor seen as lines along one axis: element `i` of line `k` lies at `start(k) + i * inner`.
struct Lines {
  std::int64_t count;
  std::int64_t extent;
  std::int64_t inner;

  std::int64_t start(std::int64_t line) const {
    return line / inner * extent * inner + line % inner;
  }
};

Lines lines_along(const Shape& shape, std::size_t axis) {
  Lines lines{1, shape[axis], 1};
  for (std::size_t i = axis + 1; i < shape.size(); ++i) lines.inner *= shape[i];
  for (std::size_t i = 0; i < axis; ++i) lines.count *= shape[i];
  lines.count *= lines.inner;
  return lines;
}

/// Calls `work(from, to, extent, stride)` for each line along the node's axis.
template <class Work>
bool for_each_line(KernelCall& call, Work&& work) {
  const Shape& shape = call.input(0).shape();
  if (shape.empty()) call.fail("needs an input with axes");
  const Lines lines =
      lines_along(shape, call.axis(call.attributes().integer("axis", -1), shape.size()));
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t k = 0; k < lines.count; ++k) {
      work(from + lines.start(k), to + lines.start(k), lines.extent, lines.inner);
    }
  });
}

template <class T>
T largest_of(const T* from, std::int64_t extent, std::int64_t stride) {
  T largest = from[0];
  for (std::int64_t i = 1; i < extent; ++i) largest = std::max(largest, from[i * stride]);
  return largest;
}

template <class T>
void softmax_line(const T* from, T* to, std::int64_t extent, std::int64_t stride) {
  if (extent == 0) return;
  const T largest = largest_of(from, extent, stride);
  double sum = 0;
  for (std::int64_t i = 0; i < extent; ++i) {
    to[i * stride] = std::exp(from[i * stride] - largest);
    sum += static_cast<double>(to[i * stride]);
  }
  const auto factor = static_cast<T>(1 / sum);
  for (std::int64_t i = 0; i < extent; ++i) to[i * stride] *= factor;
}

bool run_softmax(KernelCall& call) {
  return for_each_line(call, [](const auto* from, auto* to, std::int64_t extent,
                                std::int64_t stride) { softmax_line(from, to, extent, stride); });
}

/// Over the last axis of the input, scaled, plus a mask that is broadcast to it.
bool run_masked_softmax(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const StridedWalk<2> walk(
      shape, {tensor::row_major_strides(shape), broadcast_strides(call.input(1).shape(), shape)});
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    const T* mask = call.input(1).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    const auto scale = static_cast<T>(call.attributes().real("scale", 1));
    walk.for_each_run([&](const auto& offsets, const auto& strides, std::int64_t extent) {
      for (std::int64_t i = 0; i < extent; ++i) {
        const std::int64_t at = offsets[0] + i * strides[0];
        to[at] = from[at] * scale + mask[offsets[1] + i * strides[1]];
      }
    });
    for (std::int64_t at = 0; at < call.output(0).size(); at += shape.back()) {
      softmax_line(to + at, to + at, shape.back(), 1);
    }
  });
}

bool run_log_softmax(KernelCall& call) {
  return for_each_line(call,
                       [](const auto* from, auto* to, std::int64_t extent, std::int64_t stride) {
                         if (extent == 0) return;
                         const auto largest = largest_of(from, extent, stride);
                         double sum = 0;
                         for (std::int64_t i = 0; i < extent; ++i) {
                           sum += std::exp(static_cast<double>(from[i * stride] - largest));
                         }
                         using T = std::remove_reference_t<decltype(*to)>;
                         const auto shift = static_cast<T>(std::log(sum));
                         for (std::int64_t i = 0; i < extent; ++i)
                           to[i * stride] = from[i * stride] - largest - shift;
                       });
}

bool run_hardmax(KernelCall& call) {
  return for_each_line(call,
                       [](const auto* from, auto* to, std::int64_t extent, std::int64_t stride) {
                         if (extent == 0) return;
                         std::int64_t best = 0;
                         for (std::int64_t i = 1; i < extent; ++i) {
                           if (from[i * stride] > from[best * stride]) best = i;
                         }
                         to[best * stride] = 1;
                       });
}

bool run_lp_normalization(KernelCall& call) {
  const std::int64_t p = call.attributes().integer("p", 2);
  if (p != 1 && p != 2) call.fail("has a p other than 1 and 2");
  return for_each_line(
      call, [p](const auto* from, auto* to, std::int64_t extent, std::int64_t stride) {
        double sum = 0;
        for (std::int64_t i = 0; i < extent; ++i) {
          const auto value = static_cast<double>(from[i * stride]);
          sum += p == 1 ? std::abs(value) : value * value;
        }
        const double length = p == 1 ? sum : std::sqrt(sum);
        using T = std::remove_reference_t<decltype(*to)>;
        for (std::int64_t i = 0; i < extent; ++i) {
          to[i * stride] = length == 0 ? T{0} : static_cast<T>(from[i * stride] / length);
        }
      });
}

/// Mean and variance over a run of elements.
struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class T>
Moments moments_of(const T* from, std::int64_t count) {
  Moments moments;
  for (std::int64_t i = 0; i < count; ++i) moments.mean += static_cast<double>(from[i]);
  moments.mean /= static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double distance = static_cast<double>(from[i]) - moments.mean;
    moments.variance += distance * distance;
  }
  moments.variance /= static_cast<double>(count);
  return moments;
}

/// Channels of an N x C x ... tensor, and the pixels of each.
struct Channels {
  std::int64_t planes;
  std::int64_t count;
  std::int64_t pixels;
};

Channels channels_of(const Shape& shape) {
  Channels channels{shape.empty() ? 1 : shape[0], shape.size() > 1 ? shape[1] : 1, 1};
  for (std::size_t axis = 2; axis < shape.size(); ++axis) channels.pixels *= shape[axis];
  channels.planes *= channels.count;
  return channels;
}

bool run_batch_normalization(KernelCall& call) {
  const Channels channels = channels_of(call.input(0).shape());
  const double epsilon = call.attributes().real("epsilon", 1e-5F);
  std::array<std::vector<double>, 4> parameters;
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor wide = tensor::convert(call.input(i + 1), tensor::DType::f64);
    parameters[i].assign(wide.values<double>().begin(), wide.values<double>().end());
    if (std::ssize(parameters[i]) != channels.count) call.fail("has too few parameters");
  }
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t plane = 0; plane < channels.planes; ++plane) {
      const auto channel = static_cast<std::size_t>(plane % channels.count);
      const double scale = parameters[0][channel] / std::sqrt(parameters[3][channel] + epsilon);
      const double shift = parameters[1][channel] - parameters[2][channel] * scale;
      for (std::int64_t i = 0; i < channels.pixels; ++i) {
        *to++ = static_cast<T>(static_cast<double>(*from++) * scale + shift);
      }
    }
  });
}

bool run_instance_normalization(KernelCall& call) {
  const Channels channels = channels_of(call.input(0).shape());
  const double epsilon = call.attributes().real("epsilon", 1e-5F);
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t plane = 0; plane < channels.planes; ++plane) {
      const auto channel = static_cast<std::size_t>(plane % channels.count);
      const Moments moments = moments_of(from, channels.pixels);
      const double scale = static_cast<double>(call.input(1).values<T>()[channel]) /
                           std::sqrt(moments.variance + epsilon);
      const auto shift = static_cast<double>(call.input(2).values<T>()[channel]);
      for (std::int64_t i = 0; i < channels.pixels; ++i) {
        *to++ = static_cast<T>((static_cast<double>(*from++) - moments.mean) * scale + shift);
      }
    }
  });
}

/// The element of a scale or shift that broadcasts over the normalized axes.
template <class T>
double parameter_at(const Tensor& parameter, std::int64_t i) {
  return static_cast<double>(
      parameter
          .values<T>()[static_cast<std::size_t>(parameter.size() == 1 ? 0 : i % parameter.size())]);
}

bool run_layer_normalization(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", -1), shape.size());
  std::int64_t extent = 1;
  for (std::size_t i = axis; i < shape.size(); ++i) extent *= shape[i];
  const std::int64_t rows = extent == 0 ? 0 : call.input(0).size() / extent;
  const double epsilon = call.attributes().real("epsilon", 1e-5F);
  for (std::size_t input = 1; input < 3; ++input) {
    const Tensor* parameter = call.optional_input(input);
    if (parameter != nullptr && (parameter->size() == 0 || extent % parameter->size() != 0)) {
      call.fail("has a scale or shift that does not fit its axes");
    }
  }
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t row = 0; row < rows; ++row) {
      const Moments moments = moments_of(from, extent);
      const double inverse = 1 / std::sqrt(moments.variance + epsilon);
      for (std::int64_t i = 0; i < extent; ++i) {
        double value = (static_cast<double>(*from++) - moments.mean) * inverse;
        value *= parameter_at<T>(call.input(1), i);
        if (call.has(2)) value += parameter_at<T>(call.input(2), i);
        *to++ = static_cast<T>(value);
      }
      const auto at = static_cast<std::size_t>(row);
      if (call.has_output(1)) {
        call.output(1).mutable_values<float>()[at] = static_cast<float>(moments.mean);
      }
      if (call.has_output(2)) {
        call.output(2).mutable_values<float>()[at] = static_cast<float>(inverse);
      }
    }
  });
}

/// Like a layer normalization whose mean is left in.
bool run_rms_normalization(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", -1), shape.size());
  const std::int64_t extent =
      tensor::element_count(Shape(shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end()));
  const double epsilon = call.attributes().real("epsilon", 1e-5F);
  if (call.input(1).size() != extent) call.fail("has a scale that does not fit its axes");
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const auto from = call.input(0).values<T>();
    const auto to = call.output(0).mutable_values<T>();
    const auto count = static_cast<std::size_t>(extent);
    for (std::size_t row = 0; row < from.size(); row += count) {
      double squares = 0;
      for (const T x : from.subspan(row, count)) squares += static_cast<double>(x) * x;
      const double inverse = 1 / std::sqrt(squares / static_cast<double>(extent) + epsilon);
      for (std::size_t i = 0; i < count; ++i) {
        const auto scale = static_cast<double>(call.input(1).values<T>()[i]);
        to[row + i] = static_cast<T>(static_cast<double>(from[row + i]) * inverse * scale);
      }
    }
  });
}

bool run_local_response(KernelCall& call) {
  const Channels channels = channels_of(call.input(0).shape());
  const graph::Attributes& attributes = call.attributes();
  const std::int64_t size = attributes.integer("size", 1);
  const double alpha = attributes.real("alpha", 1e-4F);
  const double beta = attributes.real("beta", 0.75F);
  const double bias = attributes.real("bias", 1);
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t plane = 0; plane < channels.planes; ++plane) {
      const std::int64_t channel = plane % channels.count;
      const std::int64_t first = std::max<std::int64_t>(channel - (size - 1) / 2, 0);
      const std::int64_t last = std::min<std::int64_t>(channel + size / 2, channels.count - 1);
      const T* planes = from + (plane - channel) * channels.pixels;
      for (std::int64_t i = 0; i < channels.pixels; ++i) {
        double squares = 0;
        for (std::int64_t c = first; c <= last; ++c) {
          const auto value = static_cast<double>(planes[c * channels.pixels + i]);
          squares += value * value;
        }
        const double divisor = std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
        const std::int64_t at = plane * channels.pixels + i;
        to[at] = static_cast<T>(static_cast<double>(from[at]) / divisor);
      }
    }
  });
}

/// The scale and shift hold a number per channel or, before opset 21, per group.
bool run_group_normalization(KernelCall& call) {
  const Channels channels = channels_of(call.input(0).shape());
  const std::int64_t groups = call.attributes().integer("num_groups", 1);
  const std::int64_t members = channels.count / groups;
  const double epsilon = call.attributes().real("epsilon", 1e-5F);
  const bool per_group = call.input(1).size() == groups;
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t plane = 0; plane < channels.planes; plane += members) {
      const Moments moments = moments_of(from, members * channels.pixels);
      const double inverse = 1 / std::sqrt(moments.variance + epsilon);
      for (std::int64_t i = 0; i < members * channels.pixels; ++i) {
        const std::int64_t channel = (plane + i / channels.pixels) % channels.count;
        const auto k = static_cast<std::size_t>(per_group ? channel / members : channel);
        const double value = (static_cast<double>(*from++) - moments.mean) * inverse;
        *to++ = static_cast<T>(value * static_cast<double>(call.input(1).values<T>()[k]) +
                               static_cast<double>(call.input(2).values<T>()[k]));
      }
    }
  });
}

/// Zero mean and unit variance over some axes, those of batch and pixels unless told otherwise.
bool run_mean_variance(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  std::vector<std::int64_t> axes{0, 2, 3};
  if (call.attributes().has("axes")) axes = call.attributes().integers("axes");
  Shape strides = tensor::row_major_strides(shape);
  Shape kept(shape.size(), 0);  // strides of a table with one entry per kept place
  std::vector<bool> gone(shape.size(), false);
  for (const std::int64_t axis : axes) gone[call.axis(axis, shape.size())] = true;
  std::int64_t places = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (gone[axis]) continue;
    kept[axis] = places;
    places *= shape[axis];
  }
  const auto place_of = [&](std::size_t i) {
    std::int64_t place = 0;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      place += static_cast<std::int64_t>(i) / strides[axis] % shape[axis] * kept[axis];
    }
    return static_cast<std::size_t>(place);
  };
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const auto from = call.input(0).values<T>();
    const auto to = call.output(0).mutable_values<T>();
    const double count = static_cast<double>(from.size()) / static_cast<double>(places);
    std::vector<Moments> moments(static_cast<std::size_t>(places));
    for (std::size_t i = 0; i < from.size(); ++i) {
      moments[place_of(i)].mean += static_cast<double>(from[i]) / count;
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      Moments& each = moments[place_of(i)];
      const double distance = static_cast<double>(from[i]) - each.mean;
      each.variance += distance * distance / count;
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      const Moments& each = moments[place_of(i)];
      to[i] = static_cast<T>((static_cast<double>(from[i]) - each.mean) /
                             (std::sqrt(each.variance) + 1e-9));
    }
  });
}

constexpr auto computes = Kernel::Kind::computes;

constexpr std::array kernels{
    Kernel{"BatchNormalization", computes, run_batch_normalization},
    Kernel{"GroupNormalization", computes, run_group_normalization},
    Kernel{"Hardmax", computes, run_hardmax},
    Kernel{"InstanceNormalization", computes, run_instance_normalization},
    Kernel{"LRN", computes, run_local_response},
    Kernel{"LayerNormalization", computes, run_layer_normalization},
    Kernel{"LogSoftmax", computes, run_log_softmax},
    Kernel{"LpNormalization", computes, run_lp_normalization},
    Kernel{"MaskedSoftmax", computes, run_masked_softmax},
    Kernel{"MeanVarianceNormalization", computes, run_mean_variance},
    Kernel{"RMSNormalization", computes, run_rms_normalization},
    Kernel{"Softmax", computes, run_softmax},
};

}  // namespace

std::span<const Kernel> normalization_kernels() {
  return kernels;
}

}  // namespace ampd::engine
