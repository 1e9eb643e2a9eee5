#include "engine/likely_shapes.hpp"

#include <algorithm>

#include "ampd/error.hpp"
#include "graph/cut.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::engine {
namespace {

using graph::Graph;
using graph::Node;
using tensor::Shape;

constexpr std::int64_t likely_extent = 32;

std::optional<Shape>& shape_of_input(Graph& graph, const Node& node, std::size_t slot) {
  return graph.value(node.inputs[slot]).shape;
}

bool is_known(const std::optional<Shape>& shape) {
  return shape && tensor::is_known(*shape);
}

bool close_convolution(Graph& graph, const Node& node) {
  const std::optional<Shape>& weights = shape_of_input(graph, node, 1);
  if (!is_known(weights) || weights->size() < 3) return false;
  Shape source = shape_of_input(graph, node, 0).value_or(Shape(weights->size(), -1));
  if (source.size() != weights->size()) return false;
  const bool is_transposed = node.op_type == "ConvTranspose";
  const std::int64_t channels =
      is_transposed ? (*weights)[0] : (*weights)[1] * node.attributes.integer("group", 1);
  const std::vector<std::int64_t> dilations = node.attributes.integers("dilations");
  for (std::size_t axis = 0; axis < source.size(); ++axis) {
    if (source[axis] >= 0) continue;
    const std::int64_t dilation =
        axis >= 2 && axis - 2 < dilations.size() ? dilations[axis - 2] : 1;
    source[axis] = axis == 0   ? 1
                   : axis == 1 ? channels
                               : likely_extent + ((*weights)[axis] - 1) * dilation;
  }
  shape_of_input(graph, node, 0) = source;
  return true;
}

/// The axis along which a factor is summed over.
std::size_t inner_axis(const Shape& shape, bool is_left, bool is_transposed) {
  if (shape.size() == 1) return 0;
  return shape.size() - (is_left != is_transposed ? 1 : 2);
}

bool close_product(Graph& graph, Node& node) {
  Shape a = shape_of_input(graph, node, 0).value_or(Shape(2, -1));
  Shape b = shape_of_input(graph, node, 1).value_or(Shape(2, -1));
  if (a.empty() || b.empty()) return false;
  std::int64_t& a_inner = a[inner_axis(a, true, node.attributes.integer("transA", 0) != 0)];
  std::int64_t& b_inner = b[inner_axis(b, false, node.attributes.integer("transB", 0) != 0)];
  const std::int64_t known = std::max(a_inner, b_inner);
  if (a_inner < 0) a_inner = known < 0 ? likely_extent : known;
  if (b_inner < 0) b_inner = known < 0 ? likely_extent : known;
  for (Shape* shape : {&a, &b}) {
    for (std::size_t axis = 0; axis < shape->size(); ++axis) {
      if ((*shape)[axis] < 0) (*shape)[axis] = axis + 2 < shape->size() ? 1 : likely_extent;
    }
  }
  shape_of_input(graph, node, 0) = a;
  shape_of_input(graph, node, 1) = b;
  const bool has_open_addend = node.inputs.size() > 2 && node.inputs[2] != graph::no_value &&
                               !is_known(shape_of_input(graph, node, 2));
  if (has_open_addend) node.inputs.resize(2);
  return true;
}

}  // namespace

bool has_open_shape(const Graph& graph, const Node& node) {
  const auto is_open = [&](graph::ValueId id) {
    return id != graph::no_value && !is_known(graph.value(id).shape);
  };
  return std::ranges::any_of(node.inputs, is_open) || std::ranges::any_of(node.outputs, is_open);
}

std::optional<Graph> with_likely_shapes(const Graph& graph, const Node& node) {
  const bool is_convolution = node.op_type == "Conv" || node.op_type == "ConvTranspose";
  const bool is_product = node.op_type == "Gemm" || node.op_type == "MatMul";
  if (!is_convolution && !is_product) return std::nullopt;
  Graph alone = graph::with_one_node(graph, node);
  Node& copy = alone.nodes.front();
  if (!(is_product ? close_product(alone, copy) : close_convolution(alone, copy))) {
    return std::nullopt;
  }
  try {
    graph::infer_node(alone, copy);
  } catch (const Error&) {
    return std::nullopt;  // extents of this node alone cannot tell what fits it
  }
  return has_open_shape(alone, copy) ? std::nullopt : std::optional(std::move(alone));
}

}  // namespace ampd::engine
