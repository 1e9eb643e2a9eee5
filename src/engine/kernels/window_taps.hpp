// For each place of a sliding window: which inputs it covers, by which weights.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/spatial_window.hpp"

namespace ampd::engine {

/// One covered element, as offsets within one channel of the input and of the kernel.
struct Tap {
  std::int64_t input;
  std::int64_t kernel;
};

/// Walks over the window's places in row-major order, with any number of spatial axes.
class WindowTaps {
 public:
  WindowTaps(const graph::SpatialWindow& window, tensor::Shape input)
      : window_(window), input_(std::move(input)) {}

  /// Calls `visit(place, taps, padded)`: `padded` counts the kernel's elements that lie within the
  /// input or its padding, `taps` those within the input.
  template <class Visit>
  void for_each_place(Visit&& visit) const {
    const std::int64_t places = tensor::element_count(window_.output);
    tensor::Shape position(window_.output.size(), 0);
    std::vector<Tap> taps;
    for (std::int64_t place = 0; place < places; ++place) {
      taps.clear();
      const std::int64_t padded = collect(position, 0, {0, 0}, taps);
      visit(place, taps, padded);
      for (std::size_t axis = position.size(); axis-- > 0;) {
        if (++position[axis] < window_.output[axis]) break;
        position[axis] = 0;
      }
    }
  }

 private:
  /// Adds the taps of the axes from `axis` on; returns how many elements lie within the padding.
  std::int64_t collect(const tensor::Shape& position, std::size_t axis, Tap base,
                       std::vector<Tap>& taps) const {
    if (axis == position.size()) {
      if (base.input >= 0) taps.push_back(base);
      return 1;
    }
    std::int64_t padded = 0;
    for (std::int64_t k = 0; k < window_.kernel[axis]; ++k) {
      const std::int64_t at = position[axis] * window_.strides[axis] - window_.pads_begin[axis] +
                              k * window_.dilations[axis];
      if (at >= input_[axis] + window_.pads_end[axis]) break;
      const bool inside = base.input >= 0 && at >= 0 && at < input_[axis];
      const Tap next{inside ? base.input * input_[axis] + at : -1,
                     base.kernel * window_.kernel[axis] + k};
      padded += collect(position, axis + 1, next, taps);
    }
    return padded;
  }

  const graph::SpatialWindow& window_;
  tensor::Shape input_;
};

}  // namespace ampd::engine
