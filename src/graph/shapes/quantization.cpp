#include <array>

#include "graph/onnx_dtype.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;

void infer_quantize(NodeTypes& types) {
  DType dtype = types.has(2) ? types.dtype(2) : DType::u8;
  const std::int64_t wanted = types.attributes().integer("output_dtype", 0);
  if (!types.has(2) && wanted != 0) {
    const std::optional<DType> held = dtype_of_onnx(wanted);
    if (!held)
      types.refuse("quantizes to " + onnx_type_name(wanted) + ", which ampd does not hold");
    dtype = *held;
  }
  if (tensor::is_floating(dtype) || dtype == DType::boolean) types.fail("needs an integer type");
  types.set(0, dtype, types.shape(0));
}

void infer_dequantize(NodeTypes& types) {
  types.require_one_dtype({0, 2});
  if (tensor::is_floating(types.dtype(0))) types.fail("needs integer data");
  types.set(0, types.dtype(1), types.shape(0));
}

void infer_dynamic_quantize(NodeTypes& types) {
  types.set(0, DType::u8, types.shape(0));
  types.set(1, DType::f32, tensor::Shape{});
  types.set(2, DType::u8, tensor::Shape{});
}

constexpr std::array rules{
    ShapeRule{"DequantizeLinear", 10, 2, 3, 1, infer_dequantize},
    ShapeRule{"DynamicQuantizeLinear", 11, 1, 1, 3, infer_dynamic_quantize},
    ShapeRule{"QuantizeLinear", 10, 2, 3, 1, infer_quantize},
};

}  // namespace

std::span<const ShapeRule> quantization_shapes() {
  return rules;
}

}  // namespace ampd::graph
