#include "graph/spatial_window.hpp"

#include <algorithm>

#include "graph/node_error.hpp"

namespace ampd::graph {
namespace {

// Within these, no product or sum below can overflow.
constexpr std::int64_t attribute_max = 1 << 24;
constexpr std::int64_t extent_max = std::int64_t{1} << 34;

enum class AutoPad { notset, valid, same_upper, same_lower };

class WindowReader {
 public:
  WindowReader(const Node& node, const tensor::Shape& input, const tensor::Shape& kernel)
      : node_(node), input_(input), rank_(input.size()), auto_pad_(read_auto_pad()) {
    if (kernel.size() != rank_) {
      fail("has a window of " + std::to_string(kernel.size()) + " axes on an input of " +
           std::to_string(rank_) + " spatial axes");
    }
    window_.kernel = kernel;
    check_range("kernel_shape", kernel, 1);
    window_.strides = per_axis("strides", 1, 1);
    window_.dilations = per_axis("dilations", 1, 1);
    for (const std::int64_t extent : input) {
      if (extent > extent_max) fail("has an input extent beyond the limit");
    }
    read_pads();
  }

  SpatialWindow forward() {
    const bool ceil_mode = node_.attributes.integer("ceil_mode", 0) != 0;
    for (std::size_t axis = 0; axis < rank_; ++axis) {
      window_.output.push_back(forward_extent(axis, ceil_mode));
    }
    return window_;
  }

  SpatialWindow transposed() {
    const tensor::Shape output_padding = per_axis("output_padding", 0, 0);
    tensor::Shape output_shape = node_.attributes.integers("output_shape");
    if (output_shape.size() == rank_ + 2) {
      output_shape.erase(output_shape.begin(), output_shape.begin() + 2);
    }
    if (!output_shape.empty()) {
      check_count("output_shape", output_shape, rank_);
      check_range("output_shape", output_shape, 0);
    }
    for (std::size_t axis = 0; axis < rank_; ++axis) {
      const std::int64_t extent = output_shape.empty() ? -1 : output_shape[axis];
      window_.output.push_back(transposed_extent(axis, output_padding[axis], extent));
    }
    return window_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw NodeError(node_, what); }

  AutoPad read_auto_pad() const {
    const std::string word = node_.attributes.text("auto_pad", "NOTSET");
    if (word.empty() || word == "NOTSET") return AutoPad::notset;
    if (word == "VALID") return AutoPad::valid;
    if (word == "SAME_UPPER") return AutoPad::same_upper;
    if (word == "SAME_LOWER") return AutoPad::same_lower;
    fail("has the unknown auto_pad " + word);
  }

  void check_count(const char* name, const tensor::Shape& list, std::size_t count) const {
    if (list.size() != count) {
      fail("has " + std::to_string(list.size()) + " entries in " + name + " where " +
           std::to_string(count) + " are expected");
    }
  }

  void check_range(const char* name, const tensor::Shape& list, std::int64_t smallest) const {
    for (const std::int64_t entry : list) {
      if (entry < smallest || entry > attribute_max) {
        fail("has " + std::to_string(entry) + " in " + name);
      }
    }
  }

  tensor::Shape per_axis(const char* name, std::int64_t otherwise, std::int64_t smallest) const {
    tensor::Shape list = node_.attributes.integers(name);
    if (list.empty()) return tensor::Shape(rank_, otherwise);
    check_count(name, list, rank_);
    check_range(name, list, smallest);
    return list;
  }

  void read_pads() {
    window_.pads_begin.assign(rank_, 0);
    window_.pads_end.assign(rank_, 0);
    const tensor::Shape pads = node_.attributes.integers("pads");
    if (auto_pad_ != AutoPad::notset || pads.empty()) return;
    check_count("pads", pads, 2 * rank_);
    check_range("pads", pads, 0);
    const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(rank_);
    window_.pads_begin.assign(pads.begin(), middle);
    window_.pads_end.assign(middle, pads.end());
  }

  std::int64_t reach(std::size_t axis) const {
    return (window_.kernel[axis] - 1) * window_.dilations[axis] + 1;
  }

  bool is_same() const {
    return auto_pad_ == AutoPad::same_upper || auto_pad_ == AutoPad::same_lower;
  }

  /// The odd pixel goes to the end for SAME_UPPER, to the beginning for SAME_LOWER.
  void set_pads(std::size_t axis, std::int64_t total, bool extra_at_end) {
    const std::int64_t smaller = total / 2;
    window_.pads_begin[axis] = extra_at_end ? smaller : total - smaller;
    window_.pads_end[axis] = total - window_.pads_begin[axis];
  }

  std::int64_t forward_extent(std::size_t axis, bool ceil_mode) {
    const std::int64_t input = input_[axis];
    const std::int64_t stride = window_.strides[axis];
    if (input < 0) return tensor::unknown_extent;
    if (is_same()) {
      const std::int64_t output = (input + stride - 1) / stride;
      const std::int64_t total =
          std::max<std::int64_t>((output - 1) * stride + reach(axis) - input, 0);
      set_pads(axis, total, auto_pad_ == AutoPad::same_upper);
      return output;
    }
    const std::int64_t padded = input + window_.pads_begin[axis] + window_.pads_end[axis];
    if (padded < reach(axis)) {
      fail("has a window of " + std::to_string(reach(axis)) + " on an axis that, padded, has " +
           std::to_string(padded));
    }
    const std::int64_t span = padded - reach(axis);
    std::int64_t output = (span + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    const bool last_starts_in_padding = (output - 1) * stride >= input + window_.pads_begin[axis];
    if (ceil_mode && last_starts_in_padding) --output;
    return output;
  }

  std::int64_t transposed_extent(std::size_t axis, std::int64_t output_padding,
                                 std::int64_t wanted) {
    if (input_[axis] < 0) return wanted;
    const std::int64_t stride = window_.strides[axis];
    const std::int64_t full =
        stride * (std::max<std::int64_t>(input_[axis], 1) - 1) + output_padding + reach(axis);
    if (wanted < 0 && is_same()) wanted = input_[axis] * stride;
    if (wanted >= 0) {
      if (wanted > full) {
        window_.pads_begin[axis] = 0;
        window_.pads_end[axis] = full - wanted;
      } else {
        set_pads(axis, full - wanted, auto_pad_ == AutoPad::same_upper);
      }
      return wanted;
    }
    const std::int64_t output = full - window_.pads_begin[axis] - window_.pads_end[axis];
    if (output < 0) fail("pads away more than there is");
    return output;
  }

  const Node& node_;
  const tensor::Shape& input_;
  std::size_t rank_;
  AutoPad auto_pad_;
  SpatialWindow window_;
};

}  // namespace

SpatialWindow spatial_window(const Node& node, const tensor::Shape& input,
                             const tensor::Shape& kernel) {
  return WindowReader(node, input, kernel).forward();
}

SpatialWindow transposed_window(const Node& node, const tensor::Shape& input,
                                const tensor::Shape& kernel) {
  return WindowReader(node, input, kernel).transposed();
}

}  // namespace ampd::graph
