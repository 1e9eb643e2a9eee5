#include <algorithm>
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

void infer_grid_sample(NodeTypes& types) {
  if (!types.shape(0) || !types.shape(1)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& picture = *types.shape(0);
  const Shape& grid = *types.shape(1);
  const auto axes = std::ssize(picture) - 2;
  const bool fits = axes >= 1 && grid.size() == picture.size() &&
                    (grid.back() < 0 || grid.back() == axes) &&
                    (grid[0] < 0 || picture[0] < 0 || grid[0] == picture[0]);
  if (!fits) {
    types.fail("has a grid of shape " + tensor::to_string(grid) + " for a picture of " +
               tensor::to_string(picture));
  }
  Shape result{picture[0], picture[1]};
  result.insert(result.end(), grid.begin() + 1, grid.end() - 1);
  types.set(0, types.dtype(0), result);
}

void infer_affine_grid(NodeTypes& types) {
  const auto size = types.integers(1);
  std::optional<std::size_t> rank = size ? std::optional(size->size()) : std::nullopt;
  if (!rank && types.shape(1) && types.shape(1)->size() == 1 && (*types.shape(1))[0] >= 0) {
    rank = static_cast<std::size_t>((*types.shape(1))[0]);
  }
  if (!rank) return types.set(0, types.dtype(0), std::nullopt);
  if (*rank != 4 && *rank != 5) types.fail("needs the size of a picture of 2 or 3 axes");
  const auto axes = static_cast<std::int64_t>(*rank) - 2;
  Shape result(*rank, tensor::unknown_extent);
  for (std::size_t axis = 0; size && axis < *rank; ++axis) {
    const std::int64_t extent = (*size)[axis];
    if (extent < 0) types.fail("is asked for the negative extent " + std::to_string(extent));
    if (axis != 1) result[axis == 0 ? 0 : axis - 1] = extent;
  }
  result.back() = axes;
  if (types.shape(0) && tensor::is_known(*types.shape(0)) && !types.shape(0)->empty() &&
      *types.shape(0) != Shape{size ? result[0] : (*types.shape(0))[0], axes, axes + 1}) {
    types.fail("has matrices of shape " + tensor::to_string(*types.shape(0)) + " for " +
               std::to_string(axes) + " axes");
  }
  types.set(0, types.dtype(0), result);
}

void infer_region_align(NodeTypes& types) {
  const std::int64_t height = types.attributes().integer("output_height", 1);
  const std::int64_t width = types.attributes().integer("output_width", 1);
  const bool is_sensible = height >= 1 && height <= (1 << 16) && width >= 1 && width <= (1 << 16);
  if (!is_sensible || types.attributes().integer("sampling_ratio", 0) > (1 << 12)) {
    types.fail("has an impossible output or sampling_ratio");
  }
  if (types.rank(0) && *types.rank(0) != 4) types.fail("needs a picture of 4 dimensions");
  std::int64_t regions = tensor::unknown_extent;
  if (types.shape(1)) {
    const Shape& corners = *types.shape(1);
    if (corners.size() != 2 || (corners[1] >= 0 && corners[1] != 4)) types.fail("needs 4 corners");
    regions = corners[0];
  }
  if (types.shape(2) && regions >= 0) {
    const Shape& batches = *types.shape(2);
    if (batches.size() != 1 || (batches[0] >= 0 && batches[0] != regions)) {
      types.fail("needs a batch index per region");
    }
  }
  const std::int64_t channels = types.shape(0) ? (*types.shape(0))[1] : tensor::unknown_extent;
  types.set(0, types.dtype(0), Shape{regions, channels, height, width});
}

void infer_region_pool(NodeTypes& types) {
  types.require_one_dtype({0, 1});
  const std::vector<std::int64_t> pooled = types.attributes().integers("pooled_shape");
  const bool is_sensible =
      pooled.size() == 2 && std::ranges::all_of(pooled, [](std::int64_t extent) {
        return extent >= 1 && extent <= (1 << 16);
      });
  if (!is_sensible) types.fail("has an impossible pooled_shape");
  if (types.rank(0) && *types.rank(0) != 4) types.fail("needs a picture of 4 dimensions");
  const std::optional<Shape>& regions = types.shape(1);
  if (regions && (regions->size() != 2 || ((*regions)[1] >= 0 && (*regions)[1] != 5))) {
    types.fail("needs 5 numbers per region");
  }
  types.set(
      0, types.dtype(0),
      Shape{regions ? (*regions)[0] : tensor::unknown_extent,
            types.shape(0) ? (*types.shape(0))[1] : tensor::unknown_extent, pooled[0], pooled[1]});
}

constexpr std::array rules{
    ShapeRule{"AffineGrid", 20, 2, 2, 1, infer_affine_grid},
    ShapeRule{"GridSample", 16, 2, 2, 1, infer_grid_sample},
    ShapeRule{"MaxRoiPool", 1, 2, 2, 1, infer_region_pool},
    ShapeRule{"Resize", 10, 1, 4, 1, infer_resize},
    ShapeRule{"RoiAlign", 10, 3, 3, 1, infer_region_align},
};

}  // namespace

std::span<const ShapeRule> resampling_shapes() {
  return rules;
}

}  // namespace ampd::graph
