#include <algorithm>

#include "base/check.hpp"
#include "engine/lower/families.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using graph::PostOp;
using tensor::DType;
using tensor::Shape;

onednn::Eltwise activation_of(const Node& node, const PostOp& post_op) {
  const auto found = activation(post_op.op_type, post_op.attributes);
  if (!found) {
    throw graph::NodeError(node, "has the unknown post-op " + post_op.op_type,
                           ErrorCode::unsupported);
  }
  return *found;
}

/// The shape in which one number per channel is broadcast.
Shape channel_shape(const Graph& graph, const PostOp& post_op, std::size_t rank, std::size_t axis) {
  Shape shape(rank, 1);
  shape.at(axis) = tensor::element_count(shape_of(graph, post_op.operand));
  return shape;
}

/// The number that every channel is scaled or shifted by, which is cheaper than a vector of it.
std::optional<float> same_for_all(const Graph& graph, const PostOp& post_op) {
  const auto& constant = graph.value(post_op.operand).constant;
  if (!constant || constant->dtype() != DType::f32 || constant->size() == 0) return std::nullopt;
  const auto numbers = constant->values<float>();
  const bool is_same = std::ranges::all_of(numbers, [&](float x) { return x == numbers[0]; });
  return is_same ? std::optional(numbers[0]) : std::nullopt;
}

/// One such operation is all that oneDNN 2 takes.
bool scales(const FusedPostOps& post_ops) {
  return std::ranges::any_of(post_ops.operations, [](const onednn::PostOperation& operation) {
    return operation.eltwise.algorithm == dnnl::algorithm::eltwise_linear;
  });
}

/// Where a node's result has its channels.
std::size_t channel_axis(const Node& node, std::size_t rank) {
  return node.op_type == "MatMul" ? rank - 1 : 1;
}

}  // namespace

FusedPostOps fused_post_ops(const Graph& graph, const Node& node, std::size_t rank,
                            std::size_t axis, std::size_t first) {
  using Kind = onednn::PostOperation::Kind;
  FusedPostOps result;
  for (const PostOp& post_op : std::span(node.post_ops).subspan(first)) {
    onednn::PostOperation operation;
    switch (post_op.kind) {
      case PostOp::Kind::eltwise:
        operation.eltwise = activation_of(node, post_op);
        break;
      case PostOp::Kind::sum:
        operation.kind = Kind::sum;
        result.sum = post_op.operand;
        break;
      case PostOp::Kind::add:
      case PostOp::Kind::mul:
        if (const auto number = same_for_all(graph, post_op); number && !scales(result)) {
          const bool is_product = post_op.kind == PostOp::Kind::mul;
          operation.eltwise = {dnnl::algorithm::eltwise_linear, is_product ? *number : 1,
                               is_product ? 0 : *number};
          break;
        }
        operation.kind = Kind::binary;
        operation.binary = {
            post_op.kind == PostOp::Kind::add ? dnnl::algorithm::binary_add
                                              : dnnl::algorithm::binary_mul,
            Layout(DType::f32, channel_shape(graph, post_op, rank, axis)).descriptor()};
        result.operands.emplace_back(result.operations.size(), post_op.operand);
        break;
    }
    result.operations.push_back(operation);
  }
  return result;
}

void add_arguments(Lowering& lowering, const FusedPostOps& post_ops, const Layout& destination,
                   PrimitiveStep& step) {
  if (post_ops.sum != graph::no_value) {
    const ValueIndex operand =
        lowering.reshaped(lowering.stored(post_ops.sum), destination.shape());
    step.overwritten = lowering.as(operand, destination);
  }
  for (const auto& [position, id] : post_ops.operands) {
    step.arguments.emplace_back(onednn::post_op_argument(position),
                                lowering.as_row_major(lowering.stored(id), DType::f32));
  }
}

ValueIndex apply_post_ops(Lowering& lowering, const Node& node, ValueIndex result) {
  if (lowering.layout(result).size() == 0) return result;
  const std::size_t rank = lowering.layout(result).shape().size();
  for (const PostOp& post_op : node.post_ops) {
    const DType dtype = lowering.layout(result).dtype();
    if (post_op.kind == PostOp::Kind::eltwise) {
      const onednn::Eltwise operation = activation_of(node, post_op);
      auto made = add_eltwise(lowering, operation, result, post_op.op_type);
      if (!made) {
        made = add_eltwise(lowering, operation, lowering.as_dtype(result, DType::f32),
                           post_op.op_type);
      }
      AMPD_CHECK(made.has_value());
      result = *made;
      continue;
    }
    ValueIndex operand = lowering.stored(post_op.operand);
    if (post_op.kind != PostOp::Kind::sum) {
      operand = lowering.reshaped(
          operand, channel_shape(lowering.graph(), post_op, rank, channel_axis(node, rank)));
    }
    result = add_binary(lowering, post_op.kind == PostOp::Kind::mul ? "Mul" : "Add", result,
                        operand, dtype);
  }
  return result;
}

}  // namespace ampd::engine
