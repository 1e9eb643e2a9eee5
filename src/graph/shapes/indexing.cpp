#include <array>

#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;
using tensor::unknown_extent;

void infer_gather(NodeTypes& types) {
  if (!types.shape(0) || !types.shape(1)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& data = *types.shape(0);
  const Shape& indices = *types.shape(1);
  const std::size_t axis = types.axis(types.attributes().integer("axis", 0), data.size());
  const auto at = data.begin() + static_cast<std::ptrdiff_t>(axis);
  Shape result(data.begin(), at);
  result.insert(result.end(), indices.begin(), indices.end());
  result.insert(result.end(), at + 1, data.end());
  types.set(0, types.dtype(0), result);
}

void infer_gather_elements(NodeTypes& types) {
  if (types.rank(0) && types.rank(1) && *types.rank(0) != *types.rank(1)) {
    types.fail("needs indices of the data's rank");
  }
  types.set(0, types.dtype(0), types.shape(1));
}

void infer_gather_nd(NodeTypes& types) {
  if (!types.shape(0) || !types.shape(1)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& data = *types.shape(0);
  const Shape& indices = *types.shape(1);
  const std::int64_t batch_axes = types.attributes().integer("batch_dims", 0);
  if (indices.empty() || batch_axes < 0 || batch_axes >= std::ssize(indices)) {
    types.fail("has batch_dims or indices that do not fit");
  }
  if (indices.back() == unknown_extent) return types.set(0, types.dtype(0), std::nullopt);
  if (indices.back() < 0 || indices.back() + batch_axes > std::ssize(data)) {
    types.fail("indexes more axes than the data has");
  }
  Shape result(indices.begin(), indices.end() - 1);
  result.insert(result.end(), data.begin() + batch_axes + indices.back(), data.end());
  types.set(0, types.dtype(0), result);
}

void infer_scatter(NodeTypes& types) {
  types.require_one_dtype({0, 2});
  infer_same(types);
}

constexpr std::array rules{
    ShapeRule{"Gather", 1, 2, 2, 1, infer_gather},
    ShapeRule{"GatherElements", 11, 2, 2, 1, infer_gather_elements},
    ShapeRule{"GatherND", 11, 2, 2, 1, infer_gather_nd},
    ShapeRule{"ReverseSequence", 10, 2, 2, 1, infer_same},
    ShapeRule{"ScatterElements", 11, 3, 3, 1, infer_scatter},
    ShapeRule{"ScatterND", 11, 3, 3, 1, infer_scatter},
};

}  // namespace

std::span<const ShapeRule> indexing_shapes() {
  return rules;
}

}  // namespace ampd::graph
