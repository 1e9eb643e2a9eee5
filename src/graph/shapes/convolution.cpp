#include <array>

#include "graph/shapes/shape_rule.hpp"
#include "graph/spatial_window.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::unknown_extent;

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

Shape with_spatial(std::int64_t batch, std::int64_t channels, const Shape& extents) {
  Shape shape{batch, channels};
  shape.insert(shape.end(), extents.begin(), extents.end());
  return shape;
}

const Shape& image(const NodeTypes& types) {
  const Shape& shape = *types.shape(0);
  if (shape.size() < 3)
    types.fail("needs an input with spatial axes, not " + tensor::to_string(shape));
  return shape;
}

bool differ(std::int64_t a, std::int64_t b) {
  return a != unknown_extent && b != unknown_extent && a != b;
}

Shape kernel_of(const NodeTypes& types, const Shape& weights) {
  Shape kernel = types.attributes().integers("kernel_shape");
  const Shape held = spatial(weights);
  if (kernel.empty()) return held;
  if (kernel.size() != held.size()) types.fail("has a kernel_shape that its weights do not have");
  for (std::size_t axis = 0; axis < held.size(); ++axis) {
    if (differ(kernel[axis], held[axis])) {
      types.fail("has a kernel_shape that its weights do not have");
    }
  }
  return kernel;
}

void check_bias(const NodeTypes& types, std::size_t input, std::int64_t channels) {
  if (!types.has(input) || !types.shape(input)) return;
  const Shape& bias = *types.shape(input);
  if (bias.size() != 1 || differ(bias[0], channels)) {
    types.fail("has a bias of shape " + tensor::to_string(bias) + " for " +
               std::to_string(channels) + " channels");
  }
}

void check_weights(const NodeTypes& types, const Shape& input, const Shape& weights,
                   std::int64_t group, std::int64_t input_channels) {
  if (weights.size() != input.size()) {
    types.fail("has weights of " + std::to_string(weights.size()) + " dimensions for an input of " +
               std::to_string(input.size()));
  }
  if (group < 1 || group > (1 << 24)) types.fail("has the group " + std::to_string(group));
  if (differ(input[1], input_channels)) {
    types.fail("has weights for " + std::to_string(input_channels) + " channels and an input of " +
               std::to_string(input[1]));
  }
}

std::optional<Shape> convolved(const NodeTypes& types, std::size_t weights_input,
                               std::size_t bias_input) {
  if (!types.shape(0) || !types.shape(weights_input)) return std::nullopt;
  const Shape& input = image(types);
  const Shape& weights = *types.shape(weights_input);
  const std::int64_t group = types.attributes().integer("group", 1);
  check_weights(types, input, weights, group,
                weights.size() < 2 || weights[1] < 0 ? unknown_extent : weights[1] * group);
  if (weights[0] >= 0 && weights[0] % group != 0) {
    types.fail("has " + std::to_string(weights[0]) + " output channels in " +
               std::to_string(group) + " groups");
  }
  check_bias(types, bias_input, weights[0]);
  const Shape kernel = kernel_of(types, weights);
  if (!tensor::is_known(kernel)) return Shape(input.size(), unknown_extent);
  const SpatialWindow window = spatial_window(types.node(), spatial(input), kernel);
  return with_spatial(input[0], weights[0], window.output);
}

void infer_conv(NodeTypes& types) {
  types.require_one_dtype({0, 1, 2});
  types.set(0, types.dtype(0), convolved(types, 1, 2));
}

void infer_integer_conv(NodeTypes& types) {
  types.set(0, DType::i32, convolved(types, 1, any_number));
}

void infer_quantized_conv(NodeTypes& types) {
  types.set(0, types.dtype(7), convolved(types, 3, 8));
}

void infer_conv_transpose(NodeTypes& types) {
  types.require_one_dtype({0, 1, 2});
  if (!types.shape(0) || !types.shape(1)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& input = image(types);
  const Shape& weights = *types.shape(1);
  const std::int64_t group = types.attributes().integer("group", 1);
  check_weights(types, input, weights, group, weights.empty() ? unknown_extent : weights[0]);
  if (weights[0] >= 0 && weights[0] % group != 0) {
    types.fail("has " + std::to_string(weights[0]) + " input channels in " + std::to_string(group) +
               " groups");
  }
  const std::int64_t channels = weights[1] < 0 ? unknown_extent : weights[1] * group;
  check_bias(types, 2, channels);
  const Shape kernel = kernel_of(types, weights);
  if (!tensor::is_known(kernel)) {
    return types.set(0, types.dtype(0), Shape(input.size(), unknown_extent));
  }
  const SpatialWindow window = transposed_window(types.node(), spatial(input), kernel);
  types.set(0, types.dtype(0), with_spatial(input[0], channels, window.output));
}

/// Batch and channels of a batch of columns; the number of columns must be that of the window's
/// places in the image.
void infer_columns_to_image(NodeTypes& types) {
  const auto image = types.integers(1);
  const auto block = types.integers(2);
  if (!types.shape(0) || !image || !block) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& columns = *types.shape(0);
  for (const std::int64_t extent : *image) {
    if (extent < 1) types.fail("is asked for the extent " + std::to_string(extent));
  }
  const SpatialWindow window = spatial_window(types.node(), *image, *block);
  const std::int64_t rows = tensor::element_count(*block);
  const std::int64_t places = tensor::element_count(window.output);
  if (image->empty() || columns.size() != 3 || differ(columns[2], places) ||
      (columns[1] >= 0 && columns[1] % rows != 0)) {
    types.fail("has columns of shape " + tensor::to_string(columns) + " for a block of " +
               std::to_string(rows) + " at " + std::to_string(places) + " places");
  }
  const std::int64_t channels = columns[1] < 0 ? unknown_extent : columns[1] / rows;
  types.set(0, types.dtype(0), with_spatial(columns[0], channels, *image));
}

/// Numbers given for each place of the result: `numbers` of them, beside the batch.
void check_per_place(const NodeTypes& types, std::size_t input, const Shape& output,
                     std::int64_t numbers) {
  if (!types.has(input) || !types.shape(input)) return;
  const Shape& given = *types.shape(input);
  Shape expected = output;
  expected[1] = numbers;
  bool fits = given.size() == expected.size();
  for (std::size_t axis = 0; fits && axis < given.size(); ++axis) {
    fits = !differ(given[axis], expected[axis]);
  }
  if (!fits) {
    types.fail("has offsets or a mask of shape " + tensor::to_string(given) + " where " +
               tensor::to_string(expected) + " is expected");
  }
}

void infer_deformable(NodeTypes& types) {
  types.require_one_dtype({0, 1, 2, 3, 4});
  const std::optional<Shape> result = convolved(types, 1, 3);
  types.set(0, types.dtype(0), result);
  if (!result) return;
  const Shape kernel = kernel_of(types, *types.shape(1));
  const std::int64_t groups = types.attributes().integer("offset_group", 1);
  const std::int64_t channels = (*types.shape(0))[1];
  if (groups < 1 || groups > (1 << 24) || (channels >= 0 && channels % groups != 0)) {
    types.fail("has the offset_group " + std::to_string(groups) + " for " +
               std::to_string(channels) + " channels");
  }
  if (!tensor::is_known(kernel)) return;
  const std::int64_t elements = tensor::element_count(kernel);
  check_per_place(types, 2, *result, tensor::element_count({groups, elements, std::ssize(kernel)}));
  check_per_place(types, 4, *result, tensor::element_count({groups, elements}));
}

void infer_pool(NodeTypes& types) {
  const Shape kernel = types.attributes().integers("kernel_shape");
  if (kernel.empty()) types.fail("has no kernel_shape");
  std::optional<Shape> result;
  if (types.shape(0)) {
    const Shape& input = image(types);
    const SpatialWindow window = spatial_window(types.node(), spatial(input), kernel);
    result = with_spatial(input[0], input[1], window.output);
  }
  types.set(0, types.dtype(0), result);
  types.set(1, DType::i64, result);
}

void infer_global_pool(NodeTypes& types) {
  std::optional<Shape> result;
  if (types.shape(0)) {
    const Shape& input = image(types);
    result = with_spatial(input[0], input[1], Shape(input.size() - 2, 1));
  }
  types.set(0, types.dtype(0), result);
}

void infer_unpool(NodeTypes& types) {
  if (types.has(2)) {
    const auto shape = types.integers(2);
    if (shape) return types.set(0, types.dtype(0), *shape);
    return types.set(0, types.dtype(0), std::nullopt);
  }
  const Shape kernel = types.attributes().integers("kernel_shape");
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  const Shape& input = image(types);
  const SpatialWindow window = transposed_window(types.node(), spatial(input), kernel);
  types.set(0, types.dtype(0), with_spatial(input[0], input[1], window.output));
}

constexpr std::array rules{
    ShapeRule{"AveragePool", 1, 1, 1, 1, infer_pool},
    ShapeRule{"Col2Im", 18, 3, 3, 1, infer_columns_to_image},
    ShapeRule{"Conv", 1, 2, 3, 1, infer_conv},
    ShapeRule{"ConvInteger", 10, 2, 4, 1, infer_integer_conv},
    ShapeRule{"ConvTranspose", 1, 2, 3, 1, infer_conv_transpose},
    ShapeRule{"DeformConv", 19, 3, 5, 1, infer_deformable},
    ShapeRule{"GlobalAveragePool", 1, 1, 1, 1, infer_global_pool},
    ShapeRule{"GlobalLpPool", 1, 1, 1, 1, infer_global_pool},
    ShapeRule{"GlobalMaxPool", 1, 1, 1, 1, infer_global_pool},
    ShapeRule{"LpPool", 1, 1, 1, 1, infer_pool},
    ShapeRule{"MaxPool", 1, 1, 1, 2, infer_pool},
    ShapeRule{"MaxUnpool", 9, 2, 3, 1, infer_unpool},
    ShapeRule{"QLinearConv", 10, 8, 9, 1, infer_quantized_conv},
};

}  // namespace

std::span<const ShapeRule> convolution_shapes() {
  return rules;
}

}  // namespace ampd::graph
