// The element types of tensors: the dense number types of ONNX.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ampd/precision.hpp"

namespace ampd::tensor {

enum class DType : std::uint8_t {
  f32,
  f64,
  f16,
  bf16,
  i8,
  u8,
  i16,
  u16,
  i32,
  u32,
  i64,
  u64,
  boolean
};

/// "float32", "bfloat16", "int64", "bool" ...
std::string_view to_string(DType dtype);
std::optional<DType> parse_dtype(std::string_view word);

std::int64_t size_bytes(DType dtype);
bool is_floating(DType dtype);

/// The type in which a tensor of this precision is stored.
DType storage_of(Precision precision);

}  // namespace ampd::tensor
