// A dense tensor in row-major order.
//
// Copies share the bytes; `mutable_bytes` is for the maker, before it hands the tensor on. The
// buffer is aligned to 64 bytes and may be read from any thread once it no longer changes.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "tensor/dtype.hpp"
#include "tensor/shape.hpp"

namespace ampd::tensor {

template <class T>
DType dtype_of();  // for float, double, the fixed-width integers and bool

class Tensor {
 public:
  /// An empty float vector.
  Tensor();

  /// Zero-filled. Throws Error(exhausted) beyond limits::tensor_bytes.
  Tensor(DType dtype, Shape shape);

  /// A tensor over bytes that `bytes` owns; they are the shape's, row-major.
  static Tensor over(DType dtype, Shape shape, std::shared_ptr<std::byte> bytes);

  /// A tensor of T's dtype that holds `values`, whose count must be the shape's.
  template <class T>
  static Tensor of(Shape shape, const std::vector<T>& values);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return size_; }  // elements
  std::span<const std::byte> bytes() const { return {data_.get(), size_bytes_}; }
  std::shared_ptr<const std::byte> shared_bytes() const { return data_; }
  std::span<std::byte> mutable_bytes() { return {data_.get(), size_bytes_}; }

  /// The elements; T must be the dtype's own type (bool is read as std::uint8_t or bool).
  template <class T>
  std::span<const T> values() const {
    AMPD_CHECK(sizeof(T) == static_cast<std::size_t>(ampd::tensor::size_bytes(dtype_)));
    return {reinterpret_cast<const T*>(data_.get()), static_cast<std::size_t>(size_)};
  }
  template <class T>
  std::span<T> mutable_values() {
    AMPD_CHECK(sizeof(T) == static_cast<std::size_t>(ampd::tensor::size_bytes(dtype_)));
    return {reinterpret_cast<T*>(data_.get()), static_cast<std::size_t>(size_)};
  }

  /// The same bytes under another shape of equal element count.
  Tensor reshaped(Shape shape) const;

 private:
  DType dtype_ = DType::f32;
  Shape shape_{0};
  std::int64_t size_ = 0;
  std::size_t size_bytes_ = 0;
  std::shared_ptr<std::byte> data_;
};

template <class T>
Tensor Tensor::of(Shape shape, const std::vector<T>& values) {
  Tensor tensor(dtype_of<T>(), std::move(shape));
  AMPD_CHECK(static_cast<std::int64_t>(values.size()) == tensor.size());
  if constexpr (std::is_same_v<T, bool>) {
    std::copy(values.begin(), values.end(), tensor.mutable_values<bool>().begin());
  } else if (!values.empty()) {
    std::memcpy(tensor.data_.get(), values.data(), tensor.size_bytes_);
  }
  return tensor;
}

/// `value` converted to `dtype` element by element, as ONNX Cast does (round to nearest even).
Tensor convert(const Tensor& value, DType dtype);

}  // namespace ampd::tensor
