#include <array>

#include "graph/newest_form.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;
using tensor::unknown_extent;

void check_channels(const NodeTypes& types, std::size_t inputs_end) {
  if (!types.shape(0)) return;
  const Shape& shape = *types.shape(0);
  const std::int64_t channels = shape.size() > 1 ? shape[1] : 1;
  for (std::size_t input = 1; input < inputs_end; ++input) {
    if (!types.has(input) || !types.shape(input)) continue;
    const Shape& parameter = *types.shape(input);
    if (parameter.size() != 1 || (channels != unknown_extent && parameter[0] != unknown_extent &&
                                  parameter[0] != channels)) {
      types.fail("has a parameter of shape " + tensor::to_string(parameter) + " for " +
                 std::to_string(channels) + " channels");
    }
  }
}

void infer_batch_normalization(NodeTypes& types) {
  bool trains = types.attributes().integer("training_mode", 0) != 0;
  for (std::size_t output = 1; output < types.output_count(); ++output) {
    trains |= types.has_output(output);
  }
  if (trains) types.refuse("is in training mode; export the model for inference");
  check_channels(types, 5);
  infer_same(types);
}

void infer_instance_normalization(NodeTypes& types) {
  check_channels(types, 3);
  infer_same(types);
}

void infer_softmax(NodeTypes& types) {
  if (types.rank(0) && *types.rank(0) > 0) {
    types.axis(types.attributes().integer("axis", -1), *types.rank(0));
  }
  infer_same(types);
}

void infer_local_response(NodeTypes& types) {
  if (types.attributes().integer("size", 0) < 1) types.fail("has no positive size");
  if (types.rank(0) && *types.rank(0) < 2) types.fail("needs an input with channels");
  infer_same(types);
}

void infer_layer_normalization(NodeTypes& types) {
  infer_same(types);
  std::optional<Shape> reduced = types.shape(0);
  if (reduced) {
    const std::size_t first = types.axis(types.attributes().integer("axis", -1), reduced->size());
    for (std::size_t axis = first; axis < reduced->size(); ++axis) (*reduced)[axis] = 1;
  }
  types.set(1, tensor::DType::f32, reduced);
  types.set(2, tensor::DType::f32, reduced);
}

void infer_group_normalization(NodeTypes& types) {
  const std::int64_t groups = types.attributes().integer("num_groups", 0);
  if (types.rank(0) && *types.rank(0) < 3) types.fail("needs an input with spatial axes");
  const std::int64_t channels = types.shape(0) ? (*types.shape(0))[1] : unknown_extent;
  if (groups < 1 || (channels >= 0 && channels % groups != 0)) {
    types.fail("has " + std::to_string(groups) + " groups for " + std::to_string(channels) +
               " channels");
  }
  for (const std::size_t input : {1, 2}) {
    if (!types.shape(input) || channels < 0) continue;
    const Shape& parameter = *types.shape(input);
    const bool fits = parameter.size() == 1 &&
                      (parameter[0] < 0 || parameter[0] == channels || parameter[0] == groups);
    if (!fits) types.fail("has a parameter of shape " + tensor::to_string(parameter));
  }
  infer_same(types);
}

constexpr std::array rules{
    ShapeRule{"BatchNormalization", 1, 5, 5, 5, infer_batch_normalization},
    ShapeRule{"GroupNormalization", 18, 3, 3, 1, infer_group_normalization},
    ShapeRule{"Hardmax", 1, 1, 1, 1, infer_softmax},
    ShapeRule{"InstanceNormalization", 1, 3, 3, 1, infer_instance_normalization},
    ShapeRule{"LRN", 1, 1, 1, 1, infer_local_response},
    ShapeRule{"LayerNormalization", 17, 2, 3, 3, infer_layer_normalization},
    ShapeRule{"LogSoftmax", 1, 1, 1, 1, infer_softmax},
    ShapeRule{"LpNormalization", 1, 1, 1, 1, infer_softmax},
    ShapeRule{"MaskedSoftmax", fused_opset, 2, 2, 1, infer_same},
    ShapeRule{"MeanVarianceNormalization", 9, 1, 1, 1, infer_same},
    ShapeRule{"RMSNormalization", fused_opset, 2, 2, 1, infer_softmax},
    ShapeRule{"Softmax", 1, 1, 1, 1, infer_softmax},
};

}  // namespace

std::span<const ShapeRule> normalization_shapes() {
  return rules;
}

}  // namespace ampd::graph
