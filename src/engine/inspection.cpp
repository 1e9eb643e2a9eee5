// What can be said of a node without compiling it: offered precisions, cost, support.
#include "engine/likely_shapes.hpp"
#include "engine/lower/families.hpp"
#include "engine/plain.hpp"

namespace ampd::engine {
namespace {

bool is_offered(const Graph& graph, const Node& node, Precision precision) {
  if (!missing_feature(precision).empty()) return false;
  const tensor::DType dtype = tensor::storage_of(precision);
  if (node.op_type == "Conv" || node.op_type == "ConvTranspose") {
    return is_convolution_offered(graph, node, dtype);
  }
  const bool is_product = node.op_type == "Gemm" || node.op_type == "MatMul";
  return is_product ? is_product_offered(graph, node, dtype)
                    : is_recurrence_offered(graph, node, dtype);
}

}  // namespace

std::vector<Precision> offered_precisions(const Graph& graph, const Node& node) {
  if (has_open_shape(graph, node)) {
    const std::optional<Graph> likely = with_likely_shapes(graph, node);
    return likely ? offered_precisions(*likely, likely->nodes.front()) : std::vector<Precision>();
  }
  if (role_of(graph, node) != Role::tunable) return {};
  std::vector<Precision> offered{Precision::fp32};
  for (const Precision precision : all_precisions) {
    if (precision == Precision::fp32 || has_empty_value(graph, node)) continue;
    if (is_offered(graph, node, precision)) offered.push_back(precision);
  }
  return offered;
}

Cost cost(const Graph& graph, const Node& node) {
  Cost result;
  if (has_open_shape(graph, node)) return result;
  const Operator* entry = find_operator(graph, node);
  result.flops = entry != nullptr ? entry->flops(graph, node) : output_size(graph, node);
  for (const auto* ids : {&node.inputs, &node.outputs}) {
    for (const graph::ValueId id : *ids) {
      if (id == graph::no_value) continue;
      result.bytes +=
          tensor::element_count(shape_of(graph, id)) * tensor::size_bytes(graph.value(id).dtype);
    }
  }
  for (const graph::PostOp& post_op : node.post_ops) {
    result.flops += output_size(graph, node);
    if (post_op.operand == graph::no_value) continue;
    result.bytes += tensor::element_count(shape_of(graph, post_op.operand)) *
                    tensor::size_bytes(graph.value(post_op.operand).dtype);
  }
  return result;
}

std::vector<std::string> unsupported_ops(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    if (!node.bodies.empty()) continue;  // they are expanded once the data decide
    if (!has_plain_kernel(node) && find_operator(graph, node) == nullptr) {
      names.push_back(node.name);
    }
  }
  return names;
}

}  // namespace ampd::engine
