#include "graph/shapes/shape_rule.hpp"

#include <array>
#include <map>

namespace ampd::graph {
namespace {

std::map<std::string_view, const ShapeRule*> index_rules() {
  std::map<std::string_view, const ShapeRule*> index;
  for (const std::span<const ShapeRule> family :
       {control_flow_shapes(), convolution_shapes(), creation_shapes(), elementwise_shapes(),
        indexing_shapes(), layout_shapes(), loss_shapes(), matrix_shapes(), ngram_shapes(),
        normalization_shapes(), quantization_shapes(), recurrent_shapes(), reduction_shapes(),
        resampling_shapes(), selection_shapes(), signal_shapes()}) {
    for (const ShapeRule& rule : family) index.emplace(rule.op_type, &rule);
  }
  return index;
}

}  // namespace

const std::map<std::string_view, const ShapeRule*>& shape_rules() {
  static const std::map<std::string_view, const ShapeRule*> index = index_rules();
  return index;
}

const ShapeRule* find_shape_rule(std::string_view op_type) {
  const auto found = shape_rules().find(op_type);
  return found != shape_rules().end() ? found->second : nullptr;
}

void infer_same(NodeTypes& types) {
  types.set(0, types.dtype(0), types.shape(0));
}

}  // namespace ampd::graph
