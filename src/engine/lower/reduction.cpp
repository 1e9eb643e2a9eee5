#include <algorithm>

#include "engine/lower/families.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

const Tensor* axes_of(const Graph& graph, const Node& node) {
  if (!Lowering::has_input(node, 1)) return nullptr;
  const auto& constant = graph.value(node.inputs[1]).constant;
  return constant ? &*constant : nullptr;
}

/// Which axes are reduced; all of them when none is named.
std::vector<bool> reduced_axes(const Graph& graph, const Node& node) {
  const auto rank = static_cast<std::int64_t>(shape_of(graph, node.inputs[0]).size());
  const Tensor* axes = axes_of(graph, node);
  std::vector<bool> reduced(static_cast<std::size_t>(rank), axes == nullptr || axes->size() == 0);
  if (axes == nullptr) return reduced;
  for (const std::int64_t axis : axes->values<std::int64_t>()) {
    reduced.at(static_cast<std::size_t>(axis < 0 ? axis + rank : axis)) = true;
  }
  return reduced;
}

}  // namespace

bool takes_reduction(const Graph& graph, const Node& node) {
  const Tensor* axes = axes_of(graph, node);
  if (!is_float32(graph, node) || shape_of(graph, node.inputs[0]).empty()) return false;
  if (Lowering::has_input(node, 1) && (axes == nullptr || axes->dtype() != DType::i64)) {
    return false;
  }
  const bool names_none = axes == nullptr || axes->size() == 0;
  return !names_none || node.attributes.integer("noop_with_empty_axes", 0) == 0;
}

bool lower_reduction(Lowering& lowering, const Node& node) {
  const ValueIndex x = lowering.as_dtype(lowering.input(node, 0), DType::f32);
  const std::vector<bool> reduced = reduced_axes(lowering.graph(), node);
  std::vector<std::int64_t> order;
  std::int64_t kept = 1;
  std::int64_t gone = 1;
  for (const bool pass : {false, true}) {
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      if (reduced[i] != pass) continue;
      order.push_back(static_cast<std::int64_t>(i));
      (pass ? gone : kept) *= lowering.layout(x).shape()[i];
    }
  }
  const ValueIndex turned = lowering.view(x, lowering.layout(x).permuted(order));
  const ValueIndex matrix =
      lowering.as_row_major(lowering.reshaped(turned, {kept, gone}), DType::f32);
  const Layout destination(DType::f32, {kept, 1});
  const auto algorithm = node.op_type == "ReduceSum" ? dnnl::algorithm::reduction_sum
                                                     : dnnl::algorithm::reduction_mean;
  const auto offer =
      onednn::reduction(algorithm, lowering.layout(matrix).descriptor(), destination.descriptor());
  if (!offer) return false;
  const ValueIndex result =
      lowering.add(*offer, destination, {.arguments = {{DNNL_ARG_SRC, matrix}}});
  lowering.define(node, 0, lowering.reshaped(result, lowering.shape_of(node.outputs[0])));
  return true;
}

}  // namespace ampd::engine
