// Convolutions whose window is bent: each of its elements meets the picture at an offset of its
// own, given by an input, and may be weighed by a mask.
#include <array>
#include <cmath>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "graph/spatial_window.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

/// The place of an element of a row-major block.
Shape position_of(std::int64_t element, const Shape& extents) {
  Shape position(extents.size());
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    position[axis] = element % extents[axis];
    element /= extents[axis];
  }
  return position;
}

struct Share {
  std::int64_t pixel;
  double weight;
};

/// What the elements of the window meet at one place of the result, one after another.
using Meetings = std::vector<std::vector<Share>>;

/// The pixels around a place between them, linear in each axis; outside there are none.
std::vector<Share> around(const std::vector<double>& place, const Shape& extents) {
  std::vector<Share> shares{{0, 1}};
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (!(place[axis] > -1 && place[axis] < static_cast<double>(extents[axis]))) return {};
    const auto low = static_cast<std::int64_t>(std::floor(place[axis]));
    const double rest = place[axis] - static_cast<double>(low);
    std::vector<Share> next;
    for (const Share& share : shares) {
      const std::int64_t first = share.pixel * extents[axis];
      if (low >= 0) next.push_back({first + low, share.weight * (1 - rest)});
      if (low + 1 < extents[axis]) next.push_back({first + low + 1, share.weight * rest});
    }
    shares = std::move(next);
  }
  return shares;
}

template <class T>
class DeformableConvolution {
 public:
  explicit DeformableConvolution(KernelCall& call)
      : call_(call),
        input_(spatial(call.input(0).shape())),
        kernel_(spatial(call.input(1).shape())),
        window_(graph::spatial_window(call.node(), input_, kernel_)),
        offset_groups_(call.attributes().integer("offset_group", 1)) {}

  void run() {
    const std::int64_t places = tensor::element_count(window_.output);
    std::vector<Meetings> meetings(static_cast<std::size_t>(offset_groups_));
    for (std::int64_t k = 0; k < call_.input(0).shape()[0] * places; ++k) {
      for (std::int64_t group = 0; group < offset_groups_; ++group) {
        const std::int64_t index = k / places * offset_groups_ + group;
        meetings[static_cast<std::size_t>(group)] = meet(index, k % places, places);
      }
      convolve(k / places, k % places, places, meetings);
    }
  }

 private:
  /// `group` counts the offset groups of all pictures.
  Meetings meet(std::int64_t group, std::int64_t place, std::int64_t places) const {
    const T* offsets = call_.input(2).values<T>().data();
    const T* masks = call_.has(4) ? call_.input(4).values<T>().data() : nullptr;
    const auto axes = std::ssize(kernel_);
    const Shape start = position_of(place, window_.output);
    const std::int64_t elements = tensor::element_count(kernel_);
    Meetings meetings;
    std::vector<double> point(kernel_.size());
    for (std::int64_t k = 0; k < elements; ++k) {
      const Shape element = position_of(k, kernel_);
      const std::int64_t row = group * elements + k;
      for (std::size_t axis = 0; axis < point.size(); ++axis) {
        const auto regular = start[axis] * window_.strides[axis] - window_.pads_begin[axis] +
                             element[axis] * window_.dilations[axis];
        const auto at = (row * axes + static_cast<std::int64_t>(axis)) * places + place;
        point[axis] = static_cast<double>(regular) + static_cast<double>(offsets[at]);
      }
      meetings.push_back(around(point, input_));
      if (masks == nullptr) continue;
      const auto mask = static_cast<double>(masks[row * places + place]);
      for (Share& share : meetings.back()) share.weight *= mask;
    }
    return meetings;
  }

  void convolve(std::int64_t picture, std::int64_t place, std::int64_t places,
                const std::vector<Meetings>& meetings) {
    const std::int64_t channels = call_.input(0).shape()[1];
    const Shape& weights = call_.input(1).shape();
    const std::int64_t group_outputs = weights[0] / call_.attributes().integer("group", 1);
    const std::int64_t pixels = tensor::element_count(input_);
    const T* by = call_.input(1).values<T>().data();
    T* to = call_.output(0).mutable_values<T>().data();
    for (std::int64_t output = 0; output < weights[0]; ++output) {
      double sum = bias(output);
      for (std::int64_t c = 0; c < weights[1]; ++c) {
        const std::int64_t channel = output / group_outputs * weights[1] + c;
        const T* from = call_.input(0).values<T>().data() + (picture * channels + channel) * pixels;
        for (const auto& shares :
             meetings[static_cast<std::size_t>(channel * offset_groups_ / channels)]) {
          double value = 0;
          for (const Share& share : shares) {
            value += share.weight * static_cast<double>(from[share.pixel]);
          }
          sum += value * static_cast<double>(*by++);
        }
      }
      to[(picture * weights[0] + output) * places + place] = static_cast<T>(sum);
    }
  }

  double bias(std::int64_t channel) const {
    const Tensor* bias = call_.optional_input(3);
    if (bias == nullptr) return 0;
    return static_cast<double>(bias->values<T>()[static_cast<std::size_t>(channel)]);
  }

  KernelCall& call_;
  Shape input_;
  Shape kernel_;
  graph::SpatialWindow window_;
  std::int64_t offset_groups_;
};

bool run_deformable(KernelCall& call) {
  return with_real(call.input(0).dtype(),
                   [&]<class T>(Element<T>) { DeformableConvolution<T>(call).run(); });
}

constexpr std::array kernels{
    Kernel{"DeformConv", Kernel::Kind::computes, run_deformable},
};

}  // namespace

std::span<const Kernel> deformable_kernels() {
  return kernels;
}

}  // namespace ampd::engine
