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

bool close_convolution(Graph& graph, Node& node) {
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

/// Unknown extents are likely ones, or those of `expected` where that knows them.
void close(std::optional<Shape>& shape, const Shape& expected) {
  if (!shape) shape = expected;
  for (std::size_t axis = 0; axis < shape->size(); ++axis) {
    if ((*shape)[axis] < 0) (*shape)[axis] = axis < expected.size() ? expected[axis] : 1;
  }
}

bool close_recurrence(Graph& graph, Node& node) {
  const std::optional<Shape>& weights = shape_of_input(graph, node, 1);
  if (!is_known(weights) || weights->size() != 3) return false;
  const bool is_batch_first = node.attributes.integer("layout", 0) != 0;
  std::optional<Shape>& source = shape_of_input(graph, node, 0);
  close(source,
        {is_batch_first ? 1 : likely_extent, is_batch_first ? likely_extent : 1, weights->back()});
  if (source->size() != 3) return false;
  const std::int64_t batch = (*source)[is_batch_first ? 0 : 1];
  const std::int64_t hidden = shape_of_input(graph, node, 2)->back();
  const std::int64_t directions = weights->front();
  const Shape state =
      is_batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  for (const std::size_t slot : {5U, 6U}) {
    const bool is_there = slot < node.inputs.size() && node.inputs[slot] != graph::no_value;
    if (is_there) close(shape_of_input(graph, node, slot), state);
  }
  return true;
}

using Close = bool (*)(Graph&, Node&);

Close closing(const std::string& op_type) {
  if (op_type == "Conv" || op_type == "ConvTranspose") return close_convolution;
  if (op_type == "Gemm" || op_type == "MatMul") return close_product;
  if (op_type == "GRU" || op_type == "LSTM" || op_type == "RNN") return close_recurrence;
  return nullptr;
}

}  // namespace

bool has_open_shape(const Graph& graph, const Node& node) {
  const auto is_open = [&](graph::ValueId id) {
    return id != graph::no_value && !is_known(graph.value(id).shape);
  };
  return std::ranges::any_of(node.inputs, is_open) || std::ranges::any_of(node.outputs, is_open);
}

std::optional<Graph> with_likely_shapes(const Graph& graph, const Node& node) {
  const Close close_node = closing(node.op_type);
  if (close_node == nullptr) return std::nullopt;
  Graph alone = graph::with_one_node(graph, node);
  Node& copy = alone.nodes.front();
  if (!close_node(alone, copy)) return std::nullopt;
  try {
    graph::infer_node(alone, copy);
  } catch (const Error&) {
    return std::nullopt;  // extents of this node alone cannot tell what fits it
  }
  return has_open_shape(alone, copy) ? std::nullopt : std::optional(std::move(alone));
}

}  // namespace ampd::engine
