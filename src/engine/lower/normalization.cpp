#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/lower/families.hpp"
#include "engine/masked_softmax.hpp"
#include "engine/rms_normalization.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

std::size_t axis_of(std::int64_t axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

/// Dense, in the value's order but with `axis` innermost.
Layout with_innermost(const Layout& layout, std::size_t axis) {
  Layout dense = layout.dense();
  const Shape& shape = dense.shape();
  const auto is_innermost = [&] { return shape[axis] == 1 || dense.strides()[axis] == 1; };
  if (is_innermost()) return dense;
  std::vector<std::int64_t> order(shape.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return dense.strides()[static_cast<std::size_t>(a)] >
           dense.strides()[static_cast<std::size_t>(b)];
  });
  std::erase(order, static_cast<std::int64_t>(axis));
  order.push_back(static_cast<std::int64_t>(axis));
  Shape strides(shape.size());
  std::int64_t step = 1;
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    strides[static_cast<std::size_t>(*i)] = step;
    step *= shape[static_cast<std::size_t>(*i)];
  }
  return {layout.dtype(), shape, strides};
}

/// A vector with one number per channel as a constant of the result's rank.
ValueIndex per_channel(Lowering& lowering, const Node& node, const std::vector<float>& numbers,
                       std::size_t rank) {
  Shape shape(rank, 1);
  shape.at(1) = static_cast<std::int64_t>(numbers.size());
  return lowering.constant(node.name, Tensor::of<float>(shape, numbers));
}

/// Elements that are normalized together.
std::int64_t normalized_extent(const Shape& shape, const Node& node) {
  const std::size_t axis = axis_of(node.attributes.integer("axis", -1), shape.size());
  return tensor::element_count(
      Shape(shape.begin() + static_cast<std::ptrdiff_t>(axis), shape.end()));
}

}  // namespace

bool takes_softmax(const Graph& graph, const Node& node) {
  return is_float32(graph, node) && !shape_of(graph, node.inputs[0]).empty();
}

bool lower_softmax(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  ValueIndex x = lowering.as_dtype(lowering.input(node, 0), dtype);
  const std::size_t rank = lowering.layout(x).shape().size();
  const std::size_t axis = axis_of(node.attributes.integer("axis", -1), rank);
  const Layout layout = with_innermost(lowering.layout(x), axis);
  x = lowering.as(x, layout);
  const auto offer = onednn::softmax(node.op_type == "LogSoftmax", layout.descriptor(),
                                     layout.descriptor(), static_cast<int>(axis));
  if (!offer) return false;
  lowering.define(node, 0,
                  lowering.add(*offer, layout,
                               {.arguments = {{DNNL_ARG_SRC, x}},
                                .may_replace = true,
                                .source = dtype,
                                .weights = dtype}));
  return true;
}

bool takes_masked_softmax(const Graph& graph, const Node& node) {
  return is_float32(graph, node);
}

bool lower_masked_softmax(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  const ValueIndex scores = lowering.as_row_major(lowering.input(node, 0), dtype);
  const Layout layout = lowering.layout(scores);
  Shape mask_shape = lowering.shape_of(node.inputs[1]);
  mask_shape.insert(mask_shape.begin(), layout.shape().size() - mask_shape.size(), 1);
  const ValueIndex mask =
      lowering.reshaped(lowering.as_row_major(lowering.input(node, 1), DType::f32), mask_shape);
  auto found = masked_softmax(layout, node.attributes.real("scale", 1), lowering.layout(mask));
  if (!found) return false;
  const auto made =
      lowering.add(found->implementation, {scores, mask}, {layout}, std::move(found->call), true);
  lowering.define(node, 0, made.front());
  return true;
}

bool takes_layer_normalization(const Graph& graph, const Node& node) {
  if (!is_float32(graph, node) || !has_one_output(node)) return false;
  const Shape& shape = shape_of(graph, node.inputs[0]);
  if (shape.empty()) return false;
  const std::int64_t extent = normalized_extent(shape, node);
  return std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](graph::ValueId id) {
    return id == graph::no_value || tensor::element_count(shape_of(graph, id)) == extent;
  });
}

bool lower_layer_normalization(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  const Shape& shape = lowering.shape_of(node.inputs[0]);
  const std::int64_t extent = normalized_extent(shape, node);
  const ValueIndex x = lowering.reshaped(lowering.as_row_major(lowering.input(node, 0), dtype),
                                         {tensor::element_count(shape) / extent, extent});
  const Layout layout = lowering.layout(x);
  const auto offer =
      onednn::layer_normalization(layout.descriptor(), node.attributes.real("epsilon", 1e-5F));
  if (!offer) return false;
  const auto parameter = [&](std::size_t slot) {
    if (!Lowering::has_input(node, slot)) {
      return lowering.constant(node.name, Tensor(DType::f32, {extent}));
    }
    return lowering.reshaped(lowering.as_row_major(lowering.input(node, slot), DType::f32),
                             {extent});
  };
  PrimitiveStep step{.arguments = {{DNNL_ARG_SRC, x},
                                   {DNNL_ARG_SCALE, parameter(1)},
                                   {DNNL_ARG_SHIFT, parameter(2)}},
                     .may_replace = true,
                     .source = dtype,
                     .weights = DType::f32};
  const ValueIndex result = lowering.add(*offer, layout, std::move(step));
  lowering.define(node, 0, lowering.reshaped(result, shape));
  return true;
}

bool lower_rms_normalization(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  const Shape& shape = lowering.shape_of(node.inputs[0]);
  const std::int64_t extent = normalized_extent(shape, node);
  const std::int64_t rows = tensor::element_count(shape) / extent;
  const ValueIndex x =
      lowering.reshaped(lowering.as_row_major(lowering.input(node, 0), dtype), {rows, extent});
  const ValueIndex scale =
      lowering.reshaped(lowering.as_row_major(lowering.input(node, 1), DType::f32), {extent});
  LoopCall call = rms_normalization(dtype, rows, extent, node.attributes.real("epsilon", 1e-5F));
  const auto made = lowering.add("loop", {x, scale}, {lowering.layout(x)}, std::move(call), true);
  lowering.define(node, 0, lowering.reshaped(made.front(), shape));
  return true;
}

bool takes_local_response(const Graph& graph, const Node& node) {
  const std::size_t rank = shape_of(graph, node.inputs[0]).size();
  return is_float32(graph, node) && rank >= 3 && rank <= 5 &&
         node.attributes.integer("size", 0) % 2 == 1;
}

bool lower_local_response(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  const ValueIndex x = lowering.as_channels_last(lowering.input(node, 0), dtype);
  const Layout layout = lowering.layout(x);
  const onednn::LocalResponse parameters{
      node.attributes.integer("size", 1), node.attributes.real("alpha", 1e-4F),
      node.attributes.real("beta", 0.75F), node.attributes.real("bias", 1)};
  const auto offer = onednn::local_response(parameters, layout.descriptor());
  if (!offer) return false;
  lowering.define(
      node, 0,
      lowering.add(*offer, layout,
                   {.arguments = {{DNNL_ARG_SRC, x}}, .source = dtype, .weights = dtype}));
  return true;
}

bool takes_batch_normalization(const Graph& graph, const Node& node) {
  if (!is_float32(graph, node) || !has_one_output(node) || node.inputs.size() != 5 ||
      shape_of(graph, node.inputs[0]).size() < 2 ||
      node.attributes.integer("training_mode", 0) != 0) {
    return false;
  }
  return std::all_of(node.inputs.begin() + 1, node.inputs.end(),
                     [&](graph::ValueId id) { return graph.value(id).constant.has_value(); });
}

bool lower_batch_normalization(Lowering& lowering, const Node& node) {
  const auto gamma = lowering.constant_input(node, 1)->values<float>();
  const auto beta = lowering.constant_input(node, 2)->values<float>();
  const auto mean = lowering.constant_input(node, 3)->values<float>();
  const auto variance = lowering.constant_input(node, 4)->values<float>();
  const double epsilon = node.attributes.real("epsilon", 1e-5F);
  std::vector<float> scale(gamma.size());
  std::vector<float> shift(gamma.size());
  for (std::size_t i = 0; i < gamma.size(); ++i) {
    const double factor = gamma[i] / std::sqrt(variance[i] + epsilon);
    scale[i] = static_cast<float>(factor);
    shift[i] = static_cast<float>(beta[i] - mean[i] * factor);
  }
  const DType dtype = lowering.source_dtype();
  const ValueIndex x = lowering.as_dense(lowering.as_dtype(lowering.input(node, 0), dtype));
  const Layout layout = lowering.layout(x);
  const std::size_t rank = layout.shape().size();
  const ValueIndex factors = per_channel(lowering, node, scale, rank);
  const ValueIndex summands = per_channel(lowering, node, shift, rank);
  onednn::PostOperation shifts{
      onednn::PostOperation::Kind::binary,
      {},
      {dnnl::algorithm::binary_add, lowering.layout(summands).descriptor()}};
  FusedPostOps post_ops = fused_post_ops(lowering.graph(), node, rank, 1);
  post_ops.operations.insert(post_ops.operations.begin(), shifts);
  for (auto& [position, id] : post_ops.operands) ++position;
  const auto offer = onednn::binary(dnnl::algorithm::binary_mul, layout.descriptor(),
                                    lowering.layout(factors).descriptor(), layout.descriptor(),
                                    post_ops.operations);
  if (!offer) {
    const ValueIndex scaled = add_binary(lowering, "Mul", x, factors, dtype);
    const ValueIndex shifted = add_binary(lowering, "Add", scaled, summands, dtype);
    lowering.define(node, 0, apply_post_ops(lowering, node, shifted));
    return true;
  }
  PrimitiveStep step{.arguments = {{DNNL_ARG_SRC_0, x},
                                   {DNNL_ARG_SRC_1, factors},
                                   {onednn::post_op_argument(0), summands}},
                     .may_replace = post_ops.sum == graph::no_value,
                     .source = dtype,
                     .weights = DType::f32};
  add_arguments(lowering, post_ops, layout, step);
  lowering.define(node, 0, lowering.add(*offer, layout, std::move(step)));
  return true;
}

}  // namespace ampd::engine
