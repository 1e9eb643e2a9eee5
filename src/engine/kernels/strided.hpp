// Walks over tensors whose elements lie at regular distances: transposes, slices, broadcasts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/shape.hpp"

namespace ampd::engine {

/// The row-major strides of `from`, aligned right with `target`; 0 along axes that broadcast.
inline tensor::Shape broadcast_strides(const tensor::Shape& from, const tensor::Shape& target) {
  const tensor::Shape dense = tensor::row_major_strides(from);
  tensor::Shape strides(target.size(), 0);
  const std::size_t missing = target.size() - from.size();
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    strides[axis + missing] = from[axis] == 1 ? 0 : dense[axis];
  }
  return strides;
}

/// Several tensors walked together over one space of extents, each with its own strides. Axes that
/// lie behind one another in all of them are merged, so that inner runs are long.
template <std::size_t count>
class StridedWalk {
 public:
  using Offsets = std::array<std::int64_t, count>;

  StridedWalk(const tensor::Shape& extents, const std::array<tensor::Shape, count>& strides) {
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      if (extents[axis] == 0) is_empty_ = true;
      if (extents[axis] == 1) continue;
      Axis next{extents[axis], {}};
      for (std::size_t i = 0; i < count; ++i) next.strides[i] = strides[i][axis];
      if (!axes_.empty() && continues(axes_.back(), next)) {
        axes_.back() = {axes_.back().extent * next.extent, next.strides};
      } else {
        axes_.push_back(next);
      }
    }
    if (axes_.empty()) axes_.push_back({1, {}});
  }

  /// Calls `run(offsets, inner_strides, inner_extent)` for each inner run, in row-major order.
  template <class Run>
  void for_each_run(Run&& run) const {
    if (is_empty_) return;
    const Axis& inner = axes_.back();
    std::vector<std::int64_t> position(axes_.size(), 0);
    Offsets offsets{};
    while (true) {
      run(offsets, inner.strides, inner.extent);
      std::size_t axis = axes_.size() - 1;
      while (axis > 0 && !advance(axes_[axis - 1], position[axis - 1], offsets)) --axis;
      if (axis == 0) return;
    }
  }

 private:
  struct Axis {
    std::int64_t extent;
    Offsets strides;
  };

  static bool continues(const Axis& outer, const Axis& inner) {
    for (std::size_t i = 0; i < count; ++i) {
      if (outer.strides[i] != inner.strides[i] * inner.extent) return false;
    }
    return true;
  }

  /// False when the axis was at its end and starts again.
  static bool advance(const Axis& axis, std::int64_t& position, Offsets& offsets) {
    const bool wraps = ++position == axis.extent;
    for (std::size_t i = 0; i < count; ++i) {
      offsets[i] += wraps ? -axis.strides[i] * (axis.extent - 1) : axis.strides[i];
    }
    if (wraps) position = 0;
    return !wraps;
  }

  std::vector<Axis> axes_;
  bool is_empty_ = false;
};

/// Copies `extents` elements from one strided place to another.
template <class T>
void copy_strided(const T* from, const tensor::Shape& from_strides, T* to,
                  const tensor::Shape& to_strides, const tensor::Shape& extents) {
  const StridedWalk<2> walk(extents, {from_strides, to_strides});
  walk.for_each_run([&](const auto& offsets, const auto& strides, std::int64_t extent) {
    const T* source = from + offsets[0];
    T* target = to + offsets[1];
    if (strides[0] == 1 && strides[1] == 1) {
      std::copy_n(source, extent, target);
    } else {
      for (std::int64_t i = 0; i < extent; ++i) target[i * strides[1]] = source[i * strides[0]];
    }
  });
}

}  // namespace ampd::engine
