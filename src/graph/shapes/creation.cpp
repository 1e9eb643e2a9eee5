#include <algorithm>
#include <array>
#include <cmath>

#include "base/limits.hpp"
#include "graph/constant_node.hpp"
#include "graph/onnx_dtype.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::unknown_extent;

/// A shape given as an integer tensor: its extents if constant, else its rank if that is known.
std::optional<Shape> shape_input(const NodeTypes& types, std::size_t input) {
  if (const auto extents = types.integers(input)) {
    for (const std::int64_t extent : *extents) {
      if (extent < 0) types.fail("is asked for the negative extent " + std::to_string(extent));
    }
    return *extents;
  }
  if (!types.shape(input)) return std::nullopt;
  const Shape& shape = *types.shape(input);
  if (shape.size() != 1) types.fail("needs a list of extents as input " + std::to_string(input));
  if (shape[0] < 0 || shape[0] > base::limits::tensor_rank) return std::nullopt;
  return Shape(static_cast<std::size_t>(shape[0]), unknown_extent);
}

DType dtype_attribute(const NodeTypes& types, DType otherwise) {
  if (!types.attributes().has("dtype")) return otherwise;
  const std::int64_t number = types.attributes().integer("dtype", 0);
  const std::optional<DType> dtype = dtype_of_onnx(number);
  if (!dtype) types.refuse("makes " + onnx_type_name(number) + ", which ampd does not hold");
  return *dtype;
}

void infer_constant(NodeTypes& types) {
  const std::optional<tensor::Tensor> value = constant_tensor(types.node());
  if (!value) types.refuse("holds no numbers");
  types.set(0, value->dtype(), value->shape());
}

void infer_constant_of_shape(NodeTypes& types) {
  const tensor::Tensor* value = types.attributes().tensor("value");
  if (value != nullptr && value->size() != 1) types.fail("fills with more than one number");
  types.set(0, value != nullptr ? value->dtype() : DType::f32, shape_input(types, 0));
}

void infer_shape(NodeTypes& types) {
  std::int64_t count = unknown_extent;
  if (types.rank(0)) {
    const auto rank = static_cast<std::int64_t>(*types.rank(0));
    const auto bound = [rank](std::int64_t position) {
      return std::clamp<std::int64_t>(position < 0 ? position + rank : position, 0, rank);
    };
    const std::int64_t start = bound(types.attributes().integer("start", 0));
    const std::int64_t end = bound(types.attributes().integer("end", rank));
    count = std::max<std::int64_t>(end - start, 0);
  }
  types.set(0, DType::i64, Shape{count});
}

void infer_size(NodeTypes& types) {
  types.set(0, DType::i64, Shape{});
}

double number(const tensor::Tensor& scalar) {
  return tensor::convert(scalar, DType::f64).values<double>()[0];
}

void infer_range(NodeTypes& types) {
  types.require_one_dtype({0, 1, 2});
  std::int64_t count = unknown_extent;
  for (std::size_t input = 0; input < 3; ++input) {
    if (types.constant(input) != nullptr && types.constant(input)->size() != 1) {
      types.fail("needs scalars");
    }
  }
  if (types.constant(0) != nullptr && types.constant(1) != nullptr &&
      types.constant(2) != nullptr) {
    const double step = number(*types.constant(2));
    if (step == 0 || std::isnan(step)) types.fail("has a step of 0");
    const double steps =
        std::ceil((number(*types.constant(1)) - number(*types.constant(0))) / step);
    if (!(steps < static_cast<double>(base::limits::tensor_bytes))) types.fail("is too long");
    count = std::max<std::int64_t>(static_cast<std::int64_t>(std::max(steps, 0.0)), 0);
  }
  types.set(0, types.dtype(0), Shape{count});
}

void infer_eye_like(NodeTypes& types) {
  if (types.rank(0) && *types.rank(0) != 2) types.fail("needs a matrix");
  types.set(0, dtype_attribute(types, types.dtype(0)), types.shape(0));
}

void infer_one_hot(NodeTypes& types) {
  std::optional<Shape> result = types.shape(0);
  if (result) {
    const std::size_t axis = types.axis(types.attributes().integer("axis", -1), result->size() + 1);
    std::int64_t depth = unknown_extent;
    if (const tensor::Tensor* value = types.constant(1)) {
      if (value->size() != 1) types.fail("needs one depth");
      const double wanted = number(*value);
      if (!(wanted >= 0 && wanted < static_cast<double>(base::limits::tensor_bytes))) {
        types.fail("has an impossible depth");
      }
      depth = static_cast<std::int64_t>(wanted);
    }
    result->insert(result->begin() + static_cast<std::ptrdiff_t>(axis), depth);
  }
  types.set(0, types.dtype(2), result);
}

constexpr std::array rules{
    ShapeRule{"Constant", 1, 0, 0, 1, infer_constant},
    ShapeRule{"ConstantOfShape", 9, 1, 1, 1, infer_constant_of_shape},
    ShapeRule{"EyeLike", 9, 1, 1, 1, infer_eye_like},
    ShapeRule{"OneHot", 9, 3, 3, 1, infer_one_hot},
    ShapeRule{"Range", 11, 3, 3, 1, infer_range},
    ShapeRule{"Shape", 1, 1, 1, 1, infer_shape},
    ShapeRule{"Size", 1, 1, 1, 1, infer_size},
};

}  // namespace

std::span<const ShapeRule> creation_shapes() {
  return rules;
}

}  // namespace ampd::graph
