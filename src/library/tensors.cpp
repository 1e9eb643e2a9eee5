#include "library/tensors.hpp"

#include <utility>

#include "ampd/error.hpp"

namespace ampd::library {
namespace {

using tensor::DType;

bool is_half(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16;
}

}  // namespace

tensor::Tensor to_engine(const Tensor& given, const std::string& name) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) {
        if (std::cmp_not_equal(tensor::element_count(given.shape), values.size())) {
          throw Error(ErrorCode::invalid, name + ": the shape " + tensor::to_string(given.shape) +
                                              " does not hold the " +
                                              std::to_string(values.size()) + " numbers given");
        }
        return tensor::Tensor::of<T>(given.shape, values);
      },
      given.values);
}

tensor::Tensor to_engine(const Tensor& given, const graph::Value& value) {
  tensor::Tensor tensor = to_engine(given, "the input " + value.name);
  if (is_half(value.dtype) && tensor.dtype() == DType::f32) return convert(tensor, value.dtype);
  if (tensor.dtype() == value.dtype) return tensor;
  throw Error(ErrorCode::invalid, "the input " + value.name + " is " +
                                      std::string(to_string(value.dtype)) + ", not " +
                                      std::string(to_string(tensor.dtype())));
}

Tensor from_engine(const tensor::Tensor& computed) {
  if (is_half(computed.dtype())) return from_engine(convert(computed, DType::f32));
  Tensor result{computed.shape(), {}};
  const auto take = [&]<class T>(std::vector<T>) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto values = computed.values<std::uint8_t>();
      result.values = std::vector<bool>(values.begin(), values.end());
    } else {
      const auto values = computed.values<T>();
      result.values = std::vector<T>(values.begin(), values.end());
    }
  };
  switch (computed.dtype()) {
    case DType::f64:
      take(std::vector<double>());
      break;
    case DType::i8:
      take(std::vector<std::int8_t>());
      break;
    case DType::u8:
      take(std::vector<std::uint8_t>());
      break;
    case DType::i16:
      take(std::vector<std::int16_t>());
      break;
    case DType::u16:
      take(std::vector<std::uint16_t>());
      break;
    case DType::i32:
      take(std::vector<std::int32_t>());
      break;
    case DType::u32:
      take(std::vector<std::uint32_t>());
      break;
    case DType::i64:
      take(std::vector<std::int64_t>());
      break;
    case DType::u64:
      take(std::vector<std::uint64_t>());
      break;
    case DType::boolean:
      take(std::vector<bool>());
      break;
    default:
      take(std::vector<float>());
      break;
  }
  return result;
}

}  // namespace ampd::library
