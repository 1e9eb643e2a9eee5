#include "graph/onnx_tensor.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include "ampd/error.hpp"
#include "base/limits.hpp"

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

namespace ampd::graph {
namespace {

using tensor::DType;

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw Error(ErrorCode::invalid, "the tensor " + name + " " + what);
}

tensor::Shape shape_of(const onnx::TensorProto& proto, const std::string& name) {
  if (proto.dims_size() > base::limits::tensor_rank) {
    fail(name, "has " + std::to_string(proto.dims_size()) + " dimensions, more than the limit of " +
                   std::to_string(base::limits::tensor_rank));
  }
  tensor::Shape shape(proto.dims().begin(), proto.dims().end());
  for (const std::int64_t extent : shape) {
    if (extent < 0) fail(name, "has the negative extent " + std::to_string(extent));
  }
  return shape;
}

std::int64_t integer_entry(const std::string& text, const std::string& key,
                           const std::string& name) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    fail(name, "has the " + key + " \"" + text + "\" where a number of bytes is expected");
  }
  return value;
}

ExternalRange external_range(const onnx::TensorProto& proto, const std::string& name) {
  ExternalRange range;
  for (const onnx::StringStringEntryProto& entry : proto.external_data()) {
    if (entry.key() == "location") range.location = entry.value();
    if (entry.key() == "offset") range.offset_bytes = integer_entry(entry.value(), "offset", name);
    if (entry.key() == "length") range.length_bytes = integer_entry(entry.value(), "length", name);
  }
  return range;
}

/// Elements stored one by one in a field of a wider type.
template <class Target, class Field>
void copy_field(const Field& field, const std::string& name, tensor::Tensor& result) {
  const auto to = result.mutable_values<Target>();
  for (int i = 0; i < field.size(); ++i) {
    const auto element = field.Get(i);
    if constexpr (std::is_integral_v<Target>) {
      if (!std::in_range<Target>(element)) {
        fail(name, "holds " + std::to_string(element) + ", which its type cannot");
      }
    }
    to[static_cast<std::size_t>(i)] = static_cast<Target>(element);
  }
}

std::int64_t field_size(const onnx::TensorProto& proto, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return proto.float_data_size();
    case DType::f64:
      return proto.double_data_size();
    case DType::i64:
      return proto.int64_data_size();
    case DType::u32:
    case DType::u64:
      return proto.uint64_data_size();
    default:
      return proto.int32_data_size();
  }
}

void copy_fields(const onnx::TensorProto& proto, const std::string& name, tensor::Tensor& result) {
  switch (result.dtype()) {
    case DType::f32:
      return copy_field<float>(proto.float_data(), name, result);
    case DType::f64:
      return copy_field<double>(proto.double_data(), name, result);
    case DType::i64:
      return copy_field<std::int64_t>(proto.int64_data(), name, result);
    case DType::u32:
      return copy_field<std::uint32_t>(proto.uint64_data(), name, result);
    case DType::u64:
      return copy_field<std::uint64_t>(proto.uint64_data(), name, result);
    case DType::i8:
      return copy_field<std::int8_t>(proto.int32_data(), name, result);
    case DType::i16:
      return copy_field<std::int16_t>(proto.int32_data(), name, result);
    case DType::i32:
      return copy_field<std::int32_t>(proto.int32_data(), name, result);
    case DType::u8:
    case DType::boolean:
      return copy_field<std::uint8_t>(proto.int32_data(), name, result);
    case DType::u16:
    case DType::f16:
    case DType::bf16:
      return copy_field<std::uint16_t>(proto.int32_data(), name, result);
  }
}

void copy_bytes(const onnx::TensorProto& proto, const std::string& name, ExternalData& external,
                tensor::Tensor& result) {
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) {
    external.read(external_range(proto, name), name, result.mutable_bytes());
  } else if (result.size() != 0) {
    std::memcpy(result.mutable_bytes().data(), proto.raw_data().data(), proto.raw_data().size());
  }
}

/// Throws unless the proto holds exactly the data that its dims call for; before any allocation.
void check_size(const onnx::TensorProto& proto, const std::string& name, DType dtype,
                std::int64_t count) {
  if (count > base::limits::tensor_bytes / tensor::size_bytes(dtype)) {
    throw Error(ErrorCode::exhausted, "the tensor " + name + " exceeds the limit of " +
                                          std::to_string(base::limits::tensor_bytes) + " bytes");
  }
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) return;
  const std::int64_t needed = count * tensor::size_bytes(dtype);
  if (proto.has_raw_data()) {
    const auto held = static_cast<std::int64_t>(proto.raw_data().size());
    if (held != needed) {
      fail(name, "holds " + std::to_string(held) + " bytes where its shape needs " +
                     std::to_string(needed));
    }
  } else if (field_size(proto, dtype) != count) {
    fail(name, "holds " + std::to_string(field_size(proto, dtype)) +
                   " elements where its shape needs " + std::to_string(count));
  }
}

/// Any byte but 0 is true; reading another bit pattern as a bool would be undefined.
void normalise_bools(tensor::Tensor& value) {
  for (std::uint8_t& element : value.mutable_values<std::uint8_t>()) element = element != 0;
}

}  // namespace

tensor::Tensor tensor_from_onnx(const onnx::TensorProto& proto, const std::string& name,
                                ExternalData& external) {
  const std::optional<DType> dtype = dtype_of_onnx(proto.data_type());
  if (!dtype) {
    throw Error(ErrorCode::unsupported, "the tensor " + name + " has the element type " +
                                            onnx_type_name(proto.data_type()) +
                                            ", which ampd does not hold");
  }
  if (proto.has_segment()) {
    throw Error(ErrorCode::unsupported, "the tensor " + name + " is stored in segments");
  }
  const tensor::Shape shape = shape_of(proto, name);
  check_size(proto, name, *dtype, tensor::element_count(shape));
  tensor::Tensor result(*dtype, shape);
  if (proto.has_raw_data() || proto.data_location() == onnx::TensorProto::EXTERNAL) {
    copy_bytes(proto, name, external, result);
  } else {
    copy_fields(proto, name, result);
  }
  if (*dtype == DType::boolean) normalise_bools(result);
  return result;
}

onnx::TensorProto onnx_from_tensor(const tensor::Tensor& value, const std::string& name) {
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(onnx_of_dtype(value.dtype()));
  for (const std::int64_t extent : value.shape()) proto.add_dims(extent);
  const std::span<const std::byte> bytes = value.bytes();
  proto.set_raw_data(bytes.data(), bytes.size());
  return proto;
}

}  // namespace ampd::graph
