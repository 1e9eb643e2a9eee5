// ONNX's numbers for element types (TensorProto.DataType), as models and the attribute `to` of Cast
// hold them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tensor/dtype.hpp"

namespace ampd::graph {

/// None for what ampd does not hold (strings, complex numbers, float8, int4).
std::optional<tensor::DType> dtype_of_onnx(std::int64_t data_type);
int onnx_of_dtype(tensor::DType dtype);

/// The number of a type that is named as in TensorProto.DataType: "FLOAT", "INT64" ...
std::optional<int> onnx_type_number(std::string_view name);

/// "string", "complex64", "float8e4m3fn" ... for a sentence.
std::string onnx_type_name(std::int64_t data_type);

}  // namespace ampd::graph
