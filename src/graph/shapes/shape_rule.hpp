// The table of shape rules: one entry per operator in its newest form, kept by family in the files
// of this folder.
#pragma once

#include <map>
#include <span>
#include <string_view>

#include "graph/node_types.hpp"

namespace ampd::graph {

inline constexpr std::size_t any_number = 1'000'000;

struct ShapeRule {
  std::string_view op_type;
  int since_version;  // the opset that brought the operator
  std::size_t inputs_min;
  std::size_t inputs_max;
  std::size_t outputs_max;
  void (*infer)(NodeTypes& types);
};

std::span<const ShapeRule> control_flow_shapes();
std::span<const ShapeRule> convolution_shapes();
std::span<const ShapeRule> creation_shapes();
std::span<const ShapeRule> elementwise_shapes();
std::span<const ShapeRule> indexing_shapes();
std::span<const ShapeRule> layout_shapes();
std::span<const ShapeRule> loss_shapes();
std::span<const ShapeRule> matrix_shapes();
std::span<const ShapeRule> ngram_shapes();
std::span<const ShapeRule> normalization_shapes();
std::span<const ShapeRule> quantization_shapes();
std::span<const ShapeRule> recurrent_shapes();
std::span<const ShapeRule> reduction_shapes();
std::span<const ShapeRule> resampling_shapes();
std::span<const ShapeRule> selection_shapes();
std::span<const ShapeRule> signal_shapes();

/// Every rule, by operator.
const std::map<std::string_view, const ShapeRule*>& shape_rules();

/// The rule of an ai.onnx operator; null when there is none.
const ShapeRule* find_shape_rule(std::string_view op_type);

/// The first output has the first input's type and shape.
void infer_same(NodeTypes& types);

}  // namespace ampd::graph
