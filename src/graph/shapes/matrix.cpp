#include <array>

#include "ampd/error.hpp"
#include "graph/einsum.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::unknown_extent;

bool differ(std::int64_t a, std::int64_t b) {
  return a != unknown_extent && b != unknown_extent && a != b;
}

[[noreturn]] void fail_shapes(const NodeTypes& types, const Shape& a, const Shape& b) {
  types.fail("cannot multiply shapes " + tensor::to_string(a) + " and " + tensor::to_string(b));
}

/// NumPy's matmul: vectors gain an axis that is dropped afterwards, leading axes broadcast.
Shape product_shape(const NodeTypes& types, const Shape& a, const Shape& b) {
  if (a.empty() || b.empty()) fail_shapes(types, a, b);
  const std::int64_t inner = b.size() == 1 ? b[0] : b[b.size() - 2];
  if (differ(a.back(), inner)) fail_shapes(types, a, b);
  Shape batch_a(a.begin(), a.end() - std::min<std::ptrdiff_t>(std::ssize(a), 2));
  Shape batch_b(b.begin(), b.end() - std::min<std::ptrdiff_t>(std::ssize(b), 2));
  Shape result;
  try {
    result = tensor::broadcast(batch_a, batch_b);
  } catch (const Error&) {
    fail_shapes(types, a, b);
  }
  if (a.size() > 1) result.push_back(a[a.size() - 2]);
  if (b.size() > 1) result.push_back(b.back());
  return result;
}

void infer_product(NodeTypes& types, DType dtype, std::size_t left, std::size_t right) {
  std::optional<Shape> result;
  if (types.shape(left) && types.shape(right)) {
    result = product_shape(types, *types.shape(left), *types.shape(right));
  }
  types.set(0, dtype, result);
}

void infer_matmul(NodeTypes& types) {
  types.require_one_dtype({0, 1});
  infer_product(types, types.dtype(0), 0, 1);
}

void infer_integer_matmul(NodeTypes& types) {
  infer_product(types, DType::i32, 0, 1);
}

void infer_quantized_matmul(NodeTypes& types) {
  infer_product(types, types.dtype(7), 0, 3);
}

void infer_gemm(NodeTypes& types) {
  types.require_one_dtype({0, 1, 2});
  const auto oriented = [&](std::size_t input, const char* flag) -> Shape {
    if (!types.shape(input)) return {unknown_extent, unknown_extent};
    Shape shape = *types.shape(input);
    if (shape.size() != 2) types.fail("needs matrices, not shape " + tensor::to_string(shape));
    if (types.attributes().integer(flag, 0) != 0) std::swap(shape[0], shape[1]);
    return shape;
  };
  const Shape a = oriented(0, "transA");
  const Shape b = oriented(1, "transB");
  if (differ(a[1], b[0])) fail_shapes(types, a, b);
  const Shape result{a[0], b[1]};
  if (types.has(2) && types.shape(2)) {
    try {
      const Shape sum = tensor::broadcast(result, *types.shape(2));
      if (sum.size() != 2 || differ(sum[0], result[0]) || differ(sum[1], result[1])) {
        types.fail("has a C of shape " + tensor::to_string(*types.shape(2)) +
                   " for a product of shape " + tensor::to_string(result));
      }
    } catch (const Error&) {
      types.fail("has a C of shape " + tensor::to_string(*types.shape(2)) +
                 " for a product of shape " + tensor::to_string(result));
    }
  }
  types.set(0, types.dtype(0), result);
}

void infer_einsum(NodeTypes& types) {
  std::vector<std::size_t> ranks;
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < types.input_count(); ++i) {
    types.require_one_dtype({0, i});
    if (!types.shape(i)) return types.set(0, types.dtype(0), std::nullopt);
    shapes.push_back(*types.shape(i));
    ranks.push_back(shapes.back().size());
  }
  const Einsum einsum = parse_einsum(types.node(), ranks);
  const Shape extents = einsum_extents(types.node(), einsum, shapes);
  Shape result;
  for (const std::size_t label : einsum.output) result.push_back(extents[label]);
  types.set(0, types.dtype(0), result);
}

void infer_determinant(NodeTypes& types) {
  std::optional<Shape> result = types.shape(0);
  if (result) {
    if (result->size() < 2 || differ(result->back(), (*result)[result->size() - 2])) {
      types.fail("needs square matrices, not shape " + tensor::to_string(*result));
    }
    result->resize(result->size() - 2);
  }
  types.set(0, types.dtype(0), result);
}

constexpr std::array rules{
    ShapeRule{"Det", 11, 1, 1, 1, infer_determinant},
    ShapeRule{"Einsum", 12, 1, any_number, 1, infer_einsum},
    ShapeRule{"Gemm", 1, 2, 3, 1, infer_gemm},
    ShapeRule{"MatMul", 1, 2, 2, 1, infer_matmul},
    ShapeRule{"MatMulInteger", 10, 2, 4, 1, infer_integer_matmul},
    ShapeRule{"QLinearMatMul", 10, 8, 8, 1, infer_quantized_matmul},
};

}  // namespace

std::span<const ShapeRule> matrix_shapes() {
  return rules;
}

}  // namespace ampd::graph
