// If, Loop and Scan before they are expanded (graph/control_flow.hpp): the types that their bodies
// make; what shapes, is known only afterwards.
#include <algorithm>
#include <array>

#include "ampd/error.hpp"
#include "graph/shape_inference.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;

Value typed(DType dtype, std::optional<Shape> shape) {
  Value value;
  value.dtype = dtype;
  value.shape = std::move(shape);
  return value;
}

/// The types of a body's outputs, given those of its formal inputs.
std::vector<DType> made_by(const NodeTypes& types, const Body& body, std::vector<Value> inputs) {
  for (std::size_t i = 0; i < body.captured_count; ++i) {
    inputs.push_back(types.input(body.captured_from + i));
  }
  if (body.graph->inputs.size() != inputs.size()) {
    types.fail("has a " + body.attribute + " with another number of inputs than the node hands in");
  }
  Graph graph = with_inputs(*body.graph, inputs);
  infer_shapes(graph);
  std::vector<DType> dtypes;
  for (const ValueId id : graph.outputs) dtypes.push_back(graph.value(id).dtype);
  return dtypes;
}

/// The outputs are the body's, from `first` on.
void set_outputs(NodeTypes& types, const std::vector<DType>& dtypes, std::size_t first) {
  if (dtypes.size() < first + types.output_count()) {
    types.fail("has more outputs than its body makes");
  }
  for (std::size_t i = 0; i < types.output_count(); ++i) {
    types.set(i, dtypes[first + i], std::nullopt);
  }
}

/// A branch that is not taken need not fit the shapes at hand.
void infer_if(NodeTypes& types) {
  types.constant(0);
  const std::vector<Body>& branches = types.node().bodies;
  if (branches.size() != 2) types.fail("needs two branches");
  std::vector<DType> dtypes;
  try {
    dtypes = made_by(types, branches[0], {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid) throw;
    dtypes = made_by(types, branches[1], {});
  }
  set_outputs(types, dtypes, 0);
}

const Body& only_body(const NodeTypes& types) {
  if (types.node().bodies.size() != 1) types.fail("needs one body");
  return types.node().bodies.front();
}

/// States keep their type, and may change their shape from round to round.
void infer_loop(NodeTypes& types) {
  const Body& body = only_body(types);
  for (std::size_t i = 0; i < std::min<std::size_t>(body.captured_from, 2); ++i) types.constant(i);
  std::vector<Value> formal{typed(DType::i64, Shape{}), typed(DType::boolean, Shape{})};
  for (std::size_t i = 2; i < body.captured_from; ++i) {
    formal.push_back(typed(types.dtype(i), std::nullopt));
  }
  set_outputs(types, made_by(types, body, std::move(formal)), 1);
}

void infer_scan(NodeTypes& types) {
  const Body& body = only_body(types);
  const bool has_lengths = types.attributes().integer("has_lengths", 0) != 0;
  if (has_lengths && types.has(0)) types.constant(0);
  std::vector<Value> formal;
  for (std::size_t i = has_lengths ? 1 : 0; i < body.captured_from; ++i) {
    formal.push_back(typed(types.dtype(i), std::nullopt));
  }
  set_outputs(types, made_by(types, body, std::move(formal)), 0);
}

constexpr std::array rules{
    ShapeRule{"If", 1, 1, any_number, any_number, infer_if},
    ShapeRule{"Loop", 1, 0, any_number, any_number, infer_loop},
    ShapeRule{"Scan", 8, 0, any_number, any_number, infer_scan},
};

}  // namespace

std::span<const ShapeRule> control_flow_shapes() {
  return rules;
}

}  // namespace ampd::graph
