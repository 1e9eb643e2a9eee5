#include "graph/onnx_dtype.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;

struct TypeEntry {
  std::string_view name;
  std::optional<DType> dtype;
};

constexpr std::array<TypeEntry, 24> types{{
    {"undefined", {}},
    {"float32", DType::f32},
    {"uint8", DType::u8},
    {"int8", DType::i8},
    {"uint16", DType::u16},
    {"int16", DType::i16},
    {"int32", DType::i32},
    {"int64", DType::i64},
    {"string", {}},
    {"bool", DType::boolean},
    {"float16", DType::f16},
    {"float64", DType::f64},
    {"uint32", DType::u32},
    {"uint64", DType::u64},
    {"complex64", {}},
    {"complex128", {}},
    {"bfloat16", DType::bf16},
    {"float8e4m3fn", {}},
    {"float8e4m3fnuz", {}},
    {"float8e5m2", {}},
    {"float8e5m2fnuz", {}},
    {"uint4", {}},
    {"int4", {}},
    {"float4e2m1", {}},
}};

}  // namespace

std::optional<DType> dtype_of_onnx(std::int64_t data_type) {
  if (data_type < 0 || data_type >= static_cast<std::int64_t>(types.size())) return std::nullopt;
  return types[static_cast<std::size_t>(data_type)].dtype;
}

int onnx_of_dtype(DType dtype) {
  for (std::size_t number = 0; number < types.size(); ++number) {
    if (types[number].dtype == dtype) return static_cast<int>(number);
  }
  AMPD_CHECK(false);
  return 0;
}

std::optional<int> onnx_type_number(std::string_view name) {
  std::string wanted(name);
  std::ranges::transform(wanted, wanted.begin(), [](char each) {
    return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  });
  if (wanted == "float") wanted = "float32";
  if (wanted == "double") wanted = "float64";
  const auto found = std::ranges::find(types, wanted, &TypeEntry::name);
  if (found == types.end()) return std::nullopt;
  return static_cast<int>(found - types.begin());
}

std::string onnx_type_name(std::int64_t data_type) {
  if (data_type < 0 || data_type >= static_cast<std::int64_t>(types.size())) {
    return "type " + std::to_string(data_type);
  }
  return std::string(types[static_cast<std::size_t>(data_type)].name);
}

}  // namespace ampd::graph
