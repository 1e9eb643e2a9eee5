#include <array>

#include "ampd/error.hpp"
#include "graph/onnx_dtype.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;

std::optional<Shape> broadcast_inputs(const NodeTypes& types) {
  std::optional<Shape> result = Shape{};
  for (std::size_t i = 0; i < types.input_count(); ++i) {
    if (!types.shape(i)) return std::nullopt;
    try {
      result = tensor::broadcast(*result, *types.shape(i));
    } catch (const Error& error) {
      types.fail(std::string("cannot combine its inputs: ") + error.what());
    }
  }
  return result;
}

void require_one_dtype_of_all(const NodeTypes& types) {
  for (std::size_t i = 1; i < types.input_count(); ++i) types.require_one_dtype({0, i});
}

void infer_broadcast(NodeTypes& types) {
  require_one_dtype_of_all(types);
  types.set(0, types.dtype(0), broadcast_inputs(types));
}

void infer_power(NodeTypes& types) {
  types.set(0, types.dtype(0), broadcast_inputs(types));
}

void infer_logical(NodeTypes& types) {
  if (types.dtype(0) != DType::boolean) types.fail("needs bool inputs");
  infer_broadcast(types);
}

void infer_comparison(NodeTypes& types) {
  require_one_dtype_of_all(types);
  types.set(0, DType::boolean, broadcast_inputs(types));
}

void infer_predicate(NodeTypes& types) {
  types.set(0, DType::boolean, types.shape(0));
}

void infer_slope(NodeTypes& types) {
  types.require_one_dtype({0, 1});
  const std::optional<Shape> result = broadcast_inputs(types);
  if (result && tensor::is_known(*types.shape(0)) && *result != *types.shape(0)) {
    types.fail("has a slope that does not broadcast to its input");
  }
  infer_same(types);
}

void infer_where(NodeTypes& types) {
  if (types.dtype(0) != DType::boolean) types.fail("needs a bool condition");
  types.require_one_dtype({1, 2});
  types.set(0, types.dtype(1), broadcast_inputs(types));
}

void infer_clip(NodeTypes& types) {
  types.require_one_dtype({0, 1, 2});
  infer_same(types);
}

void infer_cast(NodeTypes& types) {
  const std::int64_t to = types.attributes().integer("to", 0);
  const std::optional<DType> dtype = dtype_of_onnx(to);
  if (!dtype) types.refuse("casts to " + onnx_type_name(to) + ", which ampd does not hold");
  types.set(0, *dtype, types.shape(0));
}

void infer_cast_like(NodeTypes& types) {
  types.set(0, types.dtype(1), types.shape(0));
}

void infer_dropout(NodeTypes& types) {
  const tensor::Tensor* training = types.constant(2);
  if (types.has(2) &&
      (training == nullptr || training->size() != 1 || training->bytes()[0] != std::byte{0})) {
    types.refuse("is in training mode; export the model for inference");
  }
  infer_same(types);
  types.set(1, DType::boolean, types.shape(0));
}

constexpr std::array rules{
    ShapeRule{"Abs", 1, 1, 1, 1, infer_same},
    ShapeRule{"Acos", 7, 1, 1, 1, infer_same},
    ShapeRule{"Acosh", 9, 1, 1, 1, infer_same},
    ShapeRule{"Add", 1, 2, 2, 1, infer_broadcast},
    ShapeRule{"And", 1, 2, 2, 1, infer_logical},
    ShapeRule{"Asin", 7, 1, 1, 1, infer_same},
    ShapeRule{"Asinh", 9, 1, 1, 1, infer_same},
    ShapeRule{"Atan", 7, 1, 1, 1, infer_same},
    ShapeRule{"Atanh", 9, 1, 1, 1, infer_same},
    ShapeRule{"BitShift", 11, 2, 2, 1, infer_broadcast},
    ShapeRule{"BitwiseAnd", 18, 2, 2, 1, infer_broadcast},
    ShapeRule{"BitwiseNot", 18, 1, 1, 1, infer_same},
    ShapeRule{"BitwiseOr", 18, 2, 2, 1, infer_broadcast},
    ShapeRule{"BitwiseXor", 18, 2, 2, 1, infer_broadcast},
    ShapeRule{"Cast", 1, 1, 1, 1, infer_cast},
    ShapeRule{"CastLike", 15, 2, 2, 1, infer_cast_like},
    ShapeRule{"Ceil", 1, 1, 1, 1, infer_same},
    ShapeRule{"Celu", 12, 1, 1, 1, infer_same},
    ShapeRule{"Clip", 1, 1, 3, 1, infer_clip},
    ShapeRule{"Cos", 7, 1, 1, 1, infer_same},
    ShapeRule{"Cosh", 9, 1, 1, 1, infer_same},
    ShapeRule{"Div", 1, 2, 2, 1, infer_broadcast},
    ShapeRule{"Dropout", 1, 1, 3, 2, infer_dropout},
    ShapeRule{"Elu", 1, 1, 1, 1, infer_same},
    ShapeRule{"Equal", 1, 2, 2, 1, infer_comparison},
    ShapeRule{"Erf", 9, 1, 1, 1, infer_same},
    ShapeRule{"Exp", 1, 1, 1, 1, infer_same},
    ShapeRule{"Floor", 1, 1, 1, 1, infer_same},
    ShapeRule{"Gelu", 20, 1, 1, 1, infer_same},
    ShapeRule{"Greater", 1, 2, 2, 1, infer_comparison},
    ShapeRule{"GreaterOrEqual", 12, 2, 2, 1, infer_comparison},
    ShapeRule{"HardSigmoid", 1, 1, 1, 1, infer_same},
    ShapeRule{"HardSwish", 14, 1, 1, 1, infer_same},
    ShapeRule{"Identity", 1, 1, 1, 1, infer_same},
    ShapeRule{"IsInf", 10, 1, 1, 1, infer_predicate},
    ShapeRule{"IsNaN", 9, 1, 1, 1, infer_predicate},
    ShapeRule{"LeakyRelu", 1, 1, 1, 1, infer_same},
    ShapeRule{"Less", 1, 2, 2, 1, infer_comparison},
    ShapeRule{"LessOrEqual", 12, 2, 2, 1, infer_comparison},
    ShapeRule{"Log", 1, 1, 1, 1, infer_same},
    ShapeRule{"Max", 1, 1, any_number, 1, infer_broadcast},
    ShapeRule{"Mean", 1, 1, any_number, 1, infer_broadcast},
    ShapeRule{"Min", 1, 1, any_number, 1, infer_broadcast},
    ShapeRule{"Mish", 18, 1, 1, 1, infer_same},
    ShapeRule{"Mod", 10, 2, 2, 1, infer_broadcast},
    ShapeRule{"Mul", 1, 2, 2, 1, infer_broadcast},
    ShapeRule{"Neg", 1, 1, 1, 1, infer_same},
    ShapeRule{"Not", 1, 1, 1, 1, infer_same},
    ShapeRule{"Or", 1, 2, 2, 1, infer_logical},
    ShapeRule{"PRelu", 1, 2, 2, 1, infer_slope},
    ShapeRule{"Pow", 1, 2, 2, 1, infer_power},
    ShapeRule{"Reciprocal", 1, 1, 1, 1, infer_same},
    ShapeRule{"Relu", 1, 1, 1, 1, infer_same},
    ShapeRule{"Round", 11, 1, 1, 1, infer_same},
    ShapeRule{"Selu", 1, 1, 1, 1, infer_same},
    ShapeRule{"Shrink", 9, 1, 1, 1, infer_same},
    ShapeRule{"Sigmoid", 1, 1, 1, 1, infer_same},
    ShapeRule{"Sign", 9, 1, 1, 1, infer_same},
    ShapeRule{"Sin", 7, 1, 1, 1, infer_same},
    ShapeRule{"Sinh", 9, 1, 1, 1, infer_same},
    ShapeRule{"Softplus", 1, 1, 1, 1, infer_same},
    ShapeRule{"Softsign", 1, 1, 1, 1, infer_same},
    ShapeRule{"Sqrt", 1, 1, 1, 1, infer_same},
    ShapeRule{"Sub", 1, 2, 2, 1, infer_broadcast},
    ShapeRule{"Sum", 1, 1, any_number, 1, infer_broadcast},
    ShapeRule{"Swish", 24, 1, 1, 1, infer_same},
    ShapeRule{"Tan", 7, 1, 1, 1, infer_same},
    ShapeRule{"Tanh", 1, 1, 1, 1, infer_same},
    ShapeRule{"ThresholdedRelu", 10, 1, 1, 1, infer_same},
    ShapeRule{"Where", 9, 3, 3, 1, infer_where},
    ShapeRule{"Xor", 1, 2, 2, 1, infer_logical},
};

}  // namespace

std::span<const ShapeRule> elementwise_shapes() {
  return rules;
}

}  // namespace ampd::graph
