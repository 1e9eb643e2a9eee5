#include <algorithm>
#include <array>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;
using tensor::unknown_extent;

/// So many unknown extents as the list in `input` has elements; none when that is unknown.
std::optional<Shape> rank_from_list(const NodeTypes& types, std::size_t input) {
  if (!types.shape(input) || types.shape(input)->size() != 1) return std::nullopt;
  const std::int64_t rank = (*types.shape(input))[0];
  if (rank < 0 || rank > base::limits::tensor_rank) return std::nullopt;
  return Shape(static_cast<std::size_t>(rank), unknown_extent);
}

std::int64_t product(const Shape& shape, std::size_t first, std::size_t last) {
  const Shape part(shape.begin() + static_cast<std::ptrdiff_t>(first),
                   shape.begin() + static_cast<std::ptrdiff_t>(last));
  return tensor::is_known(part) ? tensor::element_count(part) : unknown_extent;
}

/// Replaces the extent at `open` so that the element counts agree; leaves it unknown when the
/// input's shape is.
void close_extent(const NodeTypes& types, Shape& target, std::size_t open) {
  if (!types.shape(0) || !tensor::is_known(*types.shape(0))) return;
  Shape others = target;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(open));
  if (!tensor::is_known(others)) return;
  const std::int64_t held = tensor::element_count(*types.shape(0));
  const std::int64_t known = tensor::element_count(others);
  if (known == 0 || held % known != 0) {
    types.fail("cannot reshape " + tensor::to_string(*types.shape(0)) + " to " +
               tensor::to_string(target));
  }
  target[open] = held / known;
}

void infer_reshape(NodeTypes& types) {
  const auto wanted = types.integers(1);
  if (!wanted) return types.set(0, types.dtype(0), rank_from_list(types, 1));
  const bool keeps_zeros = types.attributes().integer("allowzero", 0) != 0;
  Shape target = *wanted;
  std::optional<std::size_t> open;
  for (std::size_t axis = 0; axis < target.size(); ++axis) {
    if (target[axis] == -1) {
      if (open) types.fail("leaves two extents open");
      open = axis;
    } else if (target[axis] == 0 && !keeps_zeros) {
      if (types.shape(0) && axis >= types.shape(0)->size()) types.fail("copies an absent extent");
      target[axis] = types.shape(0) ? (*types.shape(0))[axis] : unknown_extent;
    } else if (target[axis] < 0) {
      types.fail("is asked for the negative extent " + std::to_string(target[axis]));
    }
  }
  if (open) close_extent(types, target, *open);
  if (types.shape(0) && tensor::is_known(*types.shape(0)) && tensor::is_known(target) &&
      tensor::element_count(*types.shape(0)) != tensor::element_count(target)) {
    types.fail("cannot reshape " + tensor::to_string(*types.shape(0)) + " to " +
               tensor::to_string(target));
  }
  types.set(0, types.dtype(0), target);
}

void infer_flatten(NodeTypes& types) {
  Shape result{unknown_extent, unknown_extent};
  if (types.shape(0)) {
    const Shape& shape = *types.shape(0);
    const auto rank = static_cast<std::int64_t>(shape.size());
    std::int64_t axis = types.attributes().integer("axis", 1);
    if (axis < -rank || axis > rank) types.fail("has the axis " + std::to_string(axis));
    if (axis < 0) axis += rank;
    result = {product(shape, 0, static_cast<std::size_t>(axis)),
              product(shape, static_cast<std::size_t>(axis), shape.size())};
  }
  types.set(0, types.dtype(0), result);
}

void infer_squeeze(NodeTypes& types) {
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& shape = *types.shape(0);
  const auto axes = types.integers(1);
  if (!axes && (types.has(1) || !tensor::is_known(shape))) {
    return types.set(0, types.dtype(0), std::nullopt);
  }
  std::vector<bool> gone(shape.size(), false);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) gone[axis] = !axes && shape[axis] == 1;
  if (axes) {
    for (const std::int64_t axis : *axes) gone[types.axis(axis, shape.size())] = true;
  }
  Shape result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (!gone[axis]) result.push_back(shape[axis]);
    if (gone[axis] && shape[axis] != 1 && shape[axis] != unknown_extent) {
      types.fail("squeezes axis " + std::to_string(axis) + " of " + tensor::to_string(shape));
    }
  }
  types.set(0, types.dtype(0), result);
}

void infer_unsqueeze(NodeTypes& types) {
  const auto axes = types.integers(1);
  if (!types.shape(0) || !axes) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& shape = *types.shape(0);
  const std::size_t rank = shape.size() + axes->size();
  std::vector<bool> is_new(rank, false);
  for (const std::int64_t each : *axes) {
    const std::size_t axis = types.axis(each, rank);
    if (is_new[axis]) types.fail("adds axis " + std::to_string(axis) + " twice");
    is_new[axis] = true;
  }
  Shape result;
  auto next = shape.begin();
  for (std::size_t axis = 0; axis < rank; ++axis) result.push_back(is_new[axis] ? 1 : *next++);
  types.set(0, types.dtype(0), result);
}

void infer_transpose(NodeTypes& types) {
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& shape = *types.shape(0);
  const std::vector<std::int64_t> order = types.attributes().integers("perm");
  Shape result(shape.rbegin(), shape.rend());
  if (types.attributes().has("perm")) {
    std::vector<bool> used(shape.size(), false);
    if (order.size() != shape.size()) types.fail("permutes another number of axes than it has");
    for (std::size_t axis = 0; axis < order.size(); ++axis) {
      const std::size_t source = types.axis(order[axis], shape.size());
      if (used[source]) types.fail("uses axis " + std::to_string(source) + " twice");
      used[source] = true;
      result[axis] = shape[source];
    }
  }
  types.set(0, types.dtype(0), result);
}

void infer_concat(NodeTypes& types) {
  for (std::size_t i = 1; i < types.input_count(); ++i) types.require_one_dtype({0, i});
  std::optional<Shape> result;
  std::size_t axis = 0;
  for (std::size_t i = 0; i < types.input_count(); ++i) {
    if (!types.shape(i)) return types.set(0, types.dtype(0), std::nullopt);
    const Shape& shape = *types.shape(i);
    if (!result) {
      axis = types.axis(types.attributes().integer("axis", 0), shape.size());
      result = shape;
      continue;
    }
    if (shape.size() != result->size()) types.fail("joins tensors of different ranks");
    for (std::size_t k = 0; k < shape.size(); ++k) {
      std::int64_t& extent = (*result)[k];
      if (k == axis) {
        extent = extent < 0 || shape[k] < 0 ? unknown_extent : extent + shape[k];
      } else if (extent < 0) {
        extent = shape[k];
      } else if (shape[k] >= 0 && shape[k] != extent) {
        types.fail("joins shapes that differ beside its axis, " +
                   tensor::to_string(*types.shape(0)) + " and " + tensor::to_string(shape));
      }
    }
  }
  types.set(0, types.dtype(0), result);
}

std::vector<std::int64_t> split_parts(const NodeTypes& types, std::int64_t extent) {
  const auto count = static_cast<std::int64_t>(types.output_count());
  if (const auto given = types.integers(1)) {
    std::int64_t sum = 0;
    for (const std::int64_t part : *given) {
      if (part < 0 || __builtin_add_overflow(sum, part, &sum)) types.fail("has impossible parts");
    }
    if (std::ssize(*given) != count || (extent >= 0 && sum != extent)) {
      types.fail("has parts that do not add up to its axis or match its outputs");
    }
    return *given;
  }
  if (types.has(1) || extent < 0) {
    return std::vector<std::int64_t>(static_cast<std::size_t>(count), unknown_extent);
  }
  const std::int64_t part = (extent + count - 1) / count;
  std::vector<std::int64_t> parts(static_cast<std::size_t>(count), part);
  parts.back() = extent - part * (count - 1);
  if (parts.back() < 0) types.fail("has more outputs than its axis can fill");
  return parts;
}

void infer_split(NodeTypes& types) {
  std::optional<Shape> shape = types.shape(0);
  std::size_t axis = 0;
  std::vector<std::int64_t> parts(types.output_count(), unknown_extent);
  if (shape) {
    axis = types.axis(types.attributes().integer("axis", 0), shape->size());
    parts = split_parts(types, (*shape)[axis]);
  }
  const tensor::DType dtype = types.dtype(0);
  for (std::size_t output = 0; output < types.output_count(); ++output) {
    if (shape) (*shape)[axis] = parts[output];
    types.set(output, dtype, shape);
  }
}

std::int64_t slice_count(std::int64_t extent, std::int64_t start, std::int64_t end,
                         std::int64_t step) {
  if (start < 0) start += extent;
  if (end < 0) end = end < -extent ? -1 : end + extent;
  if (step > 0) {
    start = std::clamp<std::int64_t>(start, 0, extent);
    end = std::clamp<std::int64_t>(end, 0, extent);
    return end > start ? (end - start - 1) / step + 1 : 0;
  }
  start = std::clamp<std::int64_t>(start, -1, extent - 1);
  end = std::clamp<std::int64_t>(end, -1, extent - 1);
  return start > end ? (start - end - 1) / -std::max(step, -extent - 1) + 1 : 0;
}

void infer_slice(NodeTypes& types) {
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  Shape result = *types.shape(0);
  const auto starts = types.integers(1);
  const auto ends = types.integers(2);
  std::optional<std::vector<std::int64_t>> axes = types.integers(3);
  const auto steps = types.integers(4);
  const bool open = !starts || !ends || (types.has(3) && !axes) || (types.has(4) && !steps);
  if (open && !axes) return types.set(0, types.dtype(0), Shape(result.size(), unknown_extent));
  const std::size_t count = axes ? axes->size() : starts->size();
  if ((starts && starts->size() != count) || (ends && ends->size() != count) ||
      (steps && steps->size() != count) || count > result.size()) {
    types.fail("has starts, ends, axes and steps of different lengths");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = axes ? types.axis((*axes)[i], result.size()) : i;
    const std::int64_t step = steps ? (*steps)[i] : 1;
    if (step == 0) types.fail("has a step of 0");
    const bool known = !open && result[axis] >= 0;
    result[axis] =
        known ? slice_count(result[axis], (*starts)[i], (*ends)[i], step) : unknown_extent;
  }
  types.set(0, types.dtype(0), result);
}

void infer_pad(NodeTypes& types) {
  types.require_one_dtype({0, 2});
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  Shape result = *types.shape(0);
  const auto pads = types.integers(1);
  const auto axes = types.integers(3);
  if (!pads || (types.has(3) && !axes)) {
    return types.set(0, types.dtype(0), Shape(result.size(), unknown_extent));
  }
  const std::size_t count = axes ? axes->size() : result.size();
  if (pads->size() != 2 * count) types.fail("has a wrong number of pads");
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = axes ? types.axis((*axes)[i], result.size()) : i;
    std::int64_t extent = 0;
    if (__builtin_add_overflow((*pads)[i], (*pads)[i + count], &extent) ||
        __builtin_add_overflow(extent, std::max<std::int64_t>(result[axis], 0), &extent)) {
      types.fail("has impossible pads");
    }
    if (result[axis] < 0) continue;
    if (extent < 0) types.fail("cuts away more than there is");
    result[axis] = extent;
  }
  types.set(0, types.dtype(0), result);
}

void infer_center_crop_pad(NodeTypes& types) {
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  Shape result = *types.shape(0);
  const auto wanted = types.integers(1);
  const bool has_axes = types.attributes().has("axes");
  const std::vector<std::int64_t> axes = types.attributes().integers("axes");
  const std::size_t count = has_axes ? axes.size() : result.size();
  if (wanted && wanted->size() != count) types.fail("has a wrong number of extents");
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = has_axes ? types.axis(axes[i], result.size()) : i;
    if (wanted && (*wanted)[i] < 0) {
      types.fail("is asked for the negative extent " + std::to_string((*wanted)[i]));
    }
    result[axis] = wanted ? (*wanted)[i] : unknown_extent;
  }
  types.set(0, types.dtype(0), result);
}

void infer_expand(NodeTypes& types) {
  const auto wanted = types.integers(1);
  if (!wanted || !types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  for (const std::int64_t extent : *wanted) {
    if (extent < 0) types.fail("is asked for the negative extent " + std::to_string(extent));
  }
  try {
    types.set(0, types.dtype(0), tensor::broadcast(*types.shape(0), *wanted));
  } catch (const Error& error) {
    types.fail(std::string("cannot expand: ") + error.what());
  }
}

void infer_tile(NodeTypes& types) {
  const auto repeats = types.integers(1);
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  Shape result = *types.shape(0);
  if (!repeats) return types.set(0, types.dtype(0), Shape(result.size(), unknown_extent));
  if (repeats->size() != result.size()) types.fail("repeats another number of axes than it has");
  for (std::size_t axis = 0; axis < result.size(); ++axis) {
    if ((*repeats)[axis] < 0) types.fail("has a negative repeat");
    if (result[axis] >= 0 &&
        __builtin_mul_overflow(result[axis], (*repeats)[axis], &result[axis])) {
      types.fail("is too large");
    }
  }
  types.set(0, types.dtype(0), result);
}

std::int64_t block_size(const NodeTypes& types) {
  const std::int64_t block = types.attributes().integer("blocksize", 0);
  if (block < 1 || block > (1 << 20)) types.fail("has no sensible blocksize");
  if (types.rank(0) && *types.rank(0) != 4) types.fail("needs an input of 4 dimensions");
  return block;
}

std::int64_t divided(const NodeTypes& types, std::int64_t extent, std::int64_t divisor) {
  if (extent < 0) return extent;
  if (extent % divisor != 0) types.fail("has an extent that its blocksize does not divide");
  return extent / divisor;
}

void infer_depth_to_space(NodeTypes& types) {
  const std::int64_t block = block_size(types);
  std::optional<Shape> result = types.shape(0);
  if (result) {
    (*result)[1] = divided(types, (*result)[1], block * block);
    for (std::size_t axis = 2; axis < 4; ++axis) {
      if ((*result)[axis] > 0) (*result)[axis] *= block;
    }
  }
  types.set(0, types.dtype(0), result);
}

void infer_space_to_depth(NodeTypes& types) {
  const std::int64_t block = block_size(types);
  std::optional<Shape> result = types.shape(0);
  if (result) {
    if ((*result)[1] > 0) (*result)[1] *= block * block;
    for (std::size_t axis = 2; axis < 4; ++axis) {
      (*result)[axis] = divided(types, (*result)[axis], block);
    }
  }
  types.set(0, types.dtype(0), result);
}

constexpr std::array rules{
    ShapeRule{"CenterCropPad", 18, 2, 2, 1, infer_center_crop_pad},
    ShapeRule{"Concat", 1, 1, any_number, 1, infer_concat},
    ShapeRule{"DepthToSpace", 1, 1, 1, 1, infer_depth_to_space},
    ShapeRule{"Expand", 8, 2, 2, 1, infer_expand},
    ShapeRule{"Flatten", 1, 1, 1, 1, infer_flatten},
    ShapeRule{"Pad", 1, 2, 4, 1, infer_pad},
    ShapeRule{"Reshape", 1, 2, 2, 1, infer_reshape},
    ShapeRule{"Slice", 1, 3, 5, 1, infer_slice},
    ShapeRule{"SpaceToDepth", 1, 1, 1, 1, infer_space_to_depth},
    ShapeRule{"Split", 1, 1, 2, any_number, infer_split},
    ShapeRule{"Squeeze", 1, 1, 2, 1, infer_squeeze},
    ShapeRule{"Tile", 1, 2, 2, 1, infer_tile},
    ShapeRule{"Transpose", 1, 1, 1, 1, infer_transpose},
    ShapeRule{"Trilu", 14, 1, 2, 1, infer_same},
    ShapeRule{"Unsqueeze", 1, 2, 2, 1, infer_unsqueeze},
};

}  // namespace

std::span<const ShapeRule> layout_shapes() {
  return rules;
}

}  // namespace ampd::graph
