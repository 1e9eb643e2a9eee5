#include "tensor/tensor.hpp"

#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "tensor/half.hpp"

namespace ampd::tensor {
namespace {

constexpr std::size_t alignment_bytes = 64;

std::shared_ptr<std::byte> allocate(std::size_t size_bytes) {
  const std::size_t padded = (size_bytes / alignment_bytes + 1) * alignment_bytes;
  auto* data = static_cast<std::byte*>(std::aligned_alloc(alignment_bytes, padded));
  if (data == nullptr) throw std::bad_alloc();
  std::memset(data, 0, padded);
  return {data, [](std::byte* bytes) { std::free(bytes); }};
}

struct Half {
  std::uint16_t bits;
};
struct BFloat {
  std::uint16_t bits;
};

template <class T>
double read(T value) {
  return static_cast<double>(value);
}
template <>
double read(Half value) {
  return from_float16(value.bits);
}
template <>
double read(BFloat value) {
  return from_bfloat16(value.bits);
}

template <class Target, class Source>
Target converted(Source value) {
  if constexpr (std::is_same_v<Target, Half>) {
    return {to_float16(static_cast<float>(read(value)))};
  } else if constexpr (std::is_same_v<Target, BFloat>) {
    return {to_bfloat16(static_cast<float>(read(value)))};
  } else if constexpr (std::is_same_v<Target, bool>) {
    return read(value) != 0;
  } else if constexpr (std::is_class_v<Source>) {
    return static_cast<Target>(read(value));
  } else {
    return static_cast<Target>(value);
  }
}

template <class Visitor>
void with_type(DType dtype, Visitor&& visit) {
  switch (dtype) {
    case DType::f32:
      return visit(float{});
    case DType::f64:
      return visit(double{});
    case DType::f16:
      return visit(Half{});
    case DType::bf16:
      return visit(BFloat{});
    case DType::i8:
      return visit(std::int8_t{});
    case DType::u8:
      return visit(std::uint8_t{});
    case DType::i16:
      return visit(std::int16_t{});
    case DType::u16:
      return visit(std::uint16_t{});
    case DType::i32:
      return visit(std::int32_t{});
    case DType::u32:
      return visit(std::uint32_t{});
    case DType::i64:
      return visit(std::int64_t{});
    case DType::u64:
      return visit(std::uint64_t{});
    case DType::boolean:
      return visit(bool{});
  }
}

}  // namespace

template <>
DType dtype_of<float>() {
  return DType::f32;
}
template <>
DType dtype_of<double>() {
  return DType::f64;
}
template <>
DType dtype_of<std::int8_t>() {
  return DType::i8;
}
template <>
DType dtype_of<std::uint8_t>() {
  return DType::u8;
}
template <>
DType dtype_of<std::int16_t>() {
  return DType::i16;
}
template <>
DType dtype_of<std::uint16_t>() {
  return DType::u16;
}
template <>
DType dtype_of<std::int32_t>() {
  return DType::i32;
}
template <>
DType dtype_of<std::uint32_t>() {
  return DType::u32;
}
template <>
DType dtype_of<std::int64_t>() {
  return DType::i64;
}
template <>
DType dtype_of<std::uint64_t>() {
  return DType::u64;
}
template <>
DType dtype_of<bool>() {
  return DType::boolean;
}

Tensor::Tensor() : data_(allocate(0)) {}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), size_(element_count(shape_)) {
  const std::int64_t element_bytes = ampd::tensor::size_bytes(dtype);
  if (size_ > base::limits::tensor_bytes / element_bytes) {
    throw Error(ErrorCode::exhausted, "a tensor of shape " + to_string(shape_) +
                                          " exceeds the limit of " +
                                          std::to_string(base::limits::tensor_bytes) + " bytes");
  }
  size_bytes_ = static_cast<std::size_t>(size_ * element_bytes);
  data_ = allocate(size_bytes_);
}

Tensor Tensor::over(DType dtype, Shape shape, std::shared_ptr<std::byte> bytes) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.size_ = element_count(shape);
  tensor.size_bytes_ = static_cast<std::size_t>(tensor.size_ * ampd::tensor::size_bytes(dtype));
  tensor.shape_ = std::move(shape);
  tensor.data_ = std::move(bytes);
  return tensor;
}

Tensor Tensor::reshaped(Shape shape) const {
  AMPD_CHECK(element_count(shape) == size_);
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

Tensor convert(const Tensor& value, DType dtype) {
  if (value.dtype() == dtype) return value;
  Tensor result(dtype, value.shape());
  with_type(value.dtype(), [&](auto source) {
    with_type(dtype, [&](auto target) {
      const auto from = value.values<decltype(source)>();
      const auto to = result.mutable_values<decltype(target)>();
      for (std::size_t i = 0; i < from.size(); ++i) {
        to[i] = converted<decltype(target)>(from[i]);
      }
    });
  });
  return result;
}

}  // namespace ampd::tensor
