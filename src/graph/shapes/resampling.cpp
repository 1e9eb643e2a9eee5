#include <array>

#include "graph/resize_plan.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;

void infer_resize(NodeTypes& types) {
  std::optional<Shape> result = types.shape(0);
  const bool has_lists = types.constant(2) != nullptr || types.constant(3) != nullptr;
  const bool waits = (types.has(2) && types.constant(2) == nullptr) ||
                     (types.has(3) && types.constant(3) == nullptr);
  if (result && has_lists && !waits && tensor::is_known(*result)) {
    const auto axes =
        resize_plan(types.node(), *result, nullptr, types.constant(2), types.constant(3));
    for (std::size_t axis = 0; axis < axes.size(); ++axis) (*result)[axis] = axes[axis].output;
  } else if (result) {
    result = Shape(result->size(), tensor::unknown_extent);
  }
  types.set(0, types.dtype(0), result);
}

constexpr std::array rules{
    ShapeRule{"Resize", 10, 1, 4, 1, infer_resize},
};

}  // namespace

std::span<const ShapeRule> resampling_shapes() {
  return rules;
}

}  // namespace ampd::graph
