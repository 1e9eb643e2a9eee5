// How a value lies in memory: its element type, extents and strides.
//
// Activations are kept plain: any permutation of the dimensions, gaps allowed, so that transposing,
// slicing and most reshaping are views that move no bytes. What only oneDNN can read (blocked
// weights) is carried as its descriptor. Strides count elements.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/onednn.hpp"
#include "tensor/dtype.hpp"
#include "tensor/shape.hpp"

namespace ampd::engine {

class Layout {
 public:
  /// Row-major and dense.
  Layout(tensor::DType dtype, tensor::Shape shape);
  Layout(tensor::DType dtype, tensor::Shape shape, tensor::Shape strides);
  explicit Layout(const dnnl::memory::desc& descriptor);

  /// Dense, with the second dimension innermost: NHWC for an image.
  static Layout channels_last(tensor::DType dtype, const tensor::Shape& shape);

  tensor::DType dtype() const { return dtype_; }
  const tensor::Shape& shape() const { return shape_; }
  const tensor::Shape& strides() const { return strides_; }  // empty when blocked
  std::int64_t rank() const { return static_cast<std::int64_t>(shape_.size()); }
  std::int64_t size() const;   // elements
  std::int64_t bytes() const;  // from the first to the last element, padding included

  bool is_plain() const { return !blocked_.has_value(); }
  bool is_dense() const;  // plain, without gaps or overlaps
  bool is_row_major() const;
  bool is_channels_last() const;

  /// Both give every element the same place and type; strides of extent-1 dimensions do not count.
  bool reads_like(const Layout& other) const;

  /// Dense, with `shape` (of the same rank) laid out in this one's order of dimensions.
  Layout dense_like(tensor::DType dtype, const tensor::Shape& shape) const;
  Layout dense() const { return dense_like(dtype_, shape_); }
  Layout with_dtype(tensor::DType dtype) const { return dense_like(dtype, shape_); }

  /// The same memory under new extents; nothing when elements would have to move.
  std::optional<Layout> reshaped(const tensor::Shape& shape) const;
  /// The dense layout nearest to this one's order that `reshaped(shape)` accepts.
  Layout dense_for(const tensor::Shape& shape) const;
  /// Dimension i of the result is dimension axes[i] of this.
  Layout permuted(std::span<const std::int64_t> axes) const;

  /// For oneDNN, which has no scalars: rank 0 becomes one element. The dtype must be one it knows.
  dnnl::memory::desc descriptor() const;

 private:
  tensor::DType dtype_;
  tensor::Shape shape_;
  tensor::Shape strides_;
  std::optional<dnnl::memory::desc> blocked_;
};

}  // namespace ampd::engine
