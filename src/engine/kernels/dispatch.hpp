// From a dtype at run time to an element type at compile time.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tensor/dtype.hpp"

namespace ampd::engine {

template <class T>
struct Element {
  using type = T;
};

/// Calls `visit(Element<T>{})` for the arithmetic dtypes; false for float16, bfloat16 and bool.
template <class Visitor>
bool with_number(tensor::DType dtype, Visitor&& visit) {
  using tensor::DType;
  switch (dtype) {
    case DType::f32:
      visit(Element<float>{});
      return true;
    case DType::f64:
      visit(Element<double>{});
      return true;
    case DType::i8:
      visit(Element<std::int8_t>{});
      return true;
    case DType::u8:
      visit(Element<std::uint8_t>{});
      return true;
    case DType::i16:
      visit(Element<std::int16_t>{});
      return true;
    case DType::u16:
      visit(Element<std::uint16_t>{});
      return true;
    case DType::i32:
      visit(Element<std::int32_t>{});
      return true;
    case DType::u32:
      visit(Element<std::uint32_t>{});
      return true;
    case DType::i64:
      visit(Element<std::int64_t>{});
      return true;
    case DType::u64:
      visit(Element<std::uint64_t>{});
      return true;
    case DType::f16:
    case DType::bf16:
    case DType::boolean:
      return false;
  }
  return false;
}

/// The same for float32 and float64 alone.
template <class Visitor>
bool with_real(tensor::DType dtype, Visitor&& visit) {
  if (dtype == tensor::DType::f32) {
    visit(Element<float>{});
  } else if (dtype == tensor::DType::f64) {
    visit(Element<double>{});
  } else {
    return false;
  }
  return true;
}

/// The unsigned type of an element's size, for kernels that move elements.
template <class Visitor>
void with_size(tensor::DType dtype, Visitor&& visit) {
  switch (tensor::size_bytes(dtype)) {
    case 1:
      return visit(Element<std::uint8_t>{});
    case 2:
      return visit(Element<std::uint16_t>{});
    case 4:
      return visit(Element<std::uint32_t>{});
    default:
      return visit(Element<std::uint64_t>{});
  }
}

}  // namespace ampd::engine
