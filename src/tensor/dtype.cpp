#include "tensor/dtype.hpp"

#include <array>

#include "base/check.hpp"

namespace ampd::tensor {
namespace {

struct Entry {
  DType dtype;
  std::string_view name;
  std::int64_t bytes;
};

constexpr std::array<Entry, 13> entries{{
    {DType::f32, "float32", 4},
    {DType::f64, "float64", 8},
    {DType::f16, "float16", 2},
    {DType::bf16, "bfloat16", 2},
    {DType::i8, "int8", 1},
    {DType::u8, "uint8", 1},
    {DType::i16, "int16", 2},
    {DType::u16, "uint16", 2},
    {DType::i32, "int32", 4},
    {DType::u32, "uint32", 4},
    {DType::i64, "int64", 8},
    {DType::u64, "uint64", 8},
    {DType::boolean, "bool", 1},
}};

const Entry& entry(DType dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  AMPD_CHECK(index < entries.size() && entries[index].dtype == dtype);
  return entries[index];
}

}  // namespace

std::string_view to_string(DType dtype) {
  return entry(dtype).name;
}

std::optional<DType> parse_dtype(std::string_view word) {
  for (const Entry& each : entries) {
    if (each.name == word) return each.dtype;
  }
  return std::nullopt;
}

std::int64_t size_bytes(DType dtype) {
  return entry(dtype).bytes;
}

bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16;
}

DType storage_of(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return DType::f32;
    case Precision::bf16:
      return DType::bf16;
    case Precision::fp16:
      return DType::f16;
    case Precision::int8:
      return DType::i8;
  }
  return DType::f32;
}

}  // namespace ampd::tensor
