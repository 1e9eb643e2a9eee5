#include <array>

#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::unknown_extent;

/// The shape without, or with extents of 1 at, the axes that are marked.
Shape reduced(const Shape& shape, const std::vector<bool>& gone, bool keepdims) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (!gone[axis]) {
      result.push_back(shape[axis]);
    } else if (keepdims) {
      result.push_back(1);
    }
  }
  return result;
}

std::optional<Shape> unknown_axes(const NodeTypes& types, bool keepdims) {
  if (keepdims) return Shape(types.shape(0)->size(), unknown_extent);
  if (!types.shape(1) || types.shape(1)->size() != 1 || (*types.shape(1))[0] < 0) {
    return std::nullopt;
  }
  const auto count = static_cast<std::size_t>((*types.shape(1))[0]);
  const std::size_t rank = types.shape(0)->size();
  return count <= rank ? std::optional(Shape(rank - count, unknown_extent)) : std::nullopt;
}

void infer_reduce(NodeTypes& types) {
  const bool keepdims = types.attributes().integer("keepdims", 1) != 0;
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& shape = *types.shape(0);
  std::vector<std::int64_t> axes;
  if (types.has(1)) {
    const auto known = types.integers(1);
    if (!known) return types.set(0, types.dtype(0), unknown_axes(types, keepdims));
    axes = *known;
  }
  std::vector<bool> gone(shape.size(), false);
  for (const std::int64_t axis : axes) gone[types.axis(axis, shape.size())] = true;
  if (axes.empty() && types.attributes().integer("noop_with_empty_axes", 0) == 0) {
    gone.assign(shape.size(), true);
  }
  types.set(0, types.dtype(0), reduced(shape, gone, keepdims));
}

void infer_arg(NodeTypes& types) {
  const bool keepdims = types.attributes().integer("keepdims", 1) != 0;
  if (!types.shape(0)) return types.set(0, DType::i64, std::nullopt);
  const Shape& shape = *types.shape(0);
  std::vector<bool> gone(shape.size(), false);
  gone[types.axis(types.attributes().integer("axis", 0), shape.size())] = true;
  types.set(0, DType::i64, reduced(shape, gone, keepdims));
}

void infer_top_k(NodeTypes& types) {
  std::optional<Shape> result = types.shape(0);
  if (result) {
    const std::size_t axis = types.axis(types.attributes().integer("axis", -1), result->size());
    const auto k = types.integers(1);
    if (k && (k->size() != 1 || (*k)[0] < 0)) types.fail("needs one non-negative k");
    if (k && (*result)[axis] >= 0 && (*k)[0] > (*result)[axis]) {
      types.fail("takes the top " + std::to_string((*k)[0]) + " of an axis of " +
                 std::to_string((*result)[axis]));
    }
    (*result)[axis] = k ? (*k)[0] : unknown_extent;
  }
  types.set(0, types.dtype(0), result);
  types.set(1, DType::i64, result);
}

constexpr std::array rules{
    ShapeRule{"ArgMax", 1, 1, 1, 1, infer_arg},
    ShapeRule{"ArgMin", 1, 1, 1, 1, infer_arg},
    ShapeRule{"CumSum", 11, 2, 2, 1, infer_same},
    ShapeRule{"ReduceL1", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceL2", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceLogSum", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceLogSumExp", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceMax", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceMean", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceMin", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceProd", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceSum", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"ReduceSumSquare", 1, 1, 2, 1, infer_reduce},
    ShapeRule{"TopK", 1, 2, 2, 2, infer_top_k},
};

}  // namespace

std::span<const ShapeRule> reduction_shapes() {
  return rules;
}

}  // namespace ampd::graph
