#include <algorithm>

#include "base/check.hpp"
#include "engine/lower/families.hpp"

namespace ampd::engine {
namespace {

using graph::ValueId;
using tensor::DType;
using tensor::Shape;

/// The extents of a product: batches (broadcast against each other), then rows and columns.
struct Problem {
  Shape a;  // ..., rows, inner
  Shape b;  // ..., inner, columns
  Shape c;  // ..., rows, columns
};

bool is_gemm(const Node& node) {
  return node.op_type == "Gemm";
}
bool is_transposed(const Node& node, const char* flag) {
  return is_gemm(node) && node.attributes.integer(flag, 0) != 0;
}

std::int64_t count(Shape::const_iterator begin, Shape::const_iterator end) {
  return tensor::element_count(Shape(begin, end));
}

/// One constant matrix, which oneDNN lays out as it likes.
bool has_weights(const Graph& graph, const Node& node, const Problem& p) {
  return graph.value(node.inputs[1]).constant.has_value() && p.b.size() == 2;
}

/// One number per column.
Shape row_shape(const Problem& p) {
  Shape shape(p.c.size(), 1);
  shape.back() = p.c.back();
  return shape;
}

/// One matrix product where every batch of A meets the same B, else batches of equal rank.
Problem problem_of(const Graph& graph, const Node& node) {
  Shape a = shape_of(graph, node.inputs[0]);
  Shape b = shape_of(graph, node.inputs[1]);
  if (is_transposed(node, "transA")) std::swap(a[0], a[1]);
  if (is_transposed(node, "transB")) std::swap(b[0], b[1]);
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  const std::int64_t inner = a.back();
  const std::int64_t columns = b.back();
  if (count(b.begin(), b.end() - 2) == 1) {
    const std::int64_t rows = count(a.begin(), a.end() - 1);
    return {{rows, inner}, {inner, columns}, {rows, columns}};
  }
  const std::size_t rank = std::max(a.size(), b.size());
  a.insert(a.begin(), rank - a.size(), 1);
  b.insert(b.begin(), rank - b.size(), 1);
  Shape c(rank);
  for (std::size_t i = 0; i + 2 < rank; ++i) c[i] = a[i] == 1 ? b[i] : a[i];
  c[rank - 2] = a[rank - 2];
  c[rank - 1] = columns;
  return {a, b, c};
}

std::optional<onednn::Offer> choose(const Problem& p, const Layout& a, const onednn::Description& b,
                                    bool has_bias, const Layout& destination,
                                    const onednn::PostOperations& post_ops) {
  onednn::Weighted t;
  t.source = a.descriptor();
  t.weights = b;
  if (has_bias) t.bias = Layout(DType::f32, row_shape(p)).descriptor();
  t.destination = destination.descriptor();
  return onednn::matmul(t, post_ops);
}

/// Row-major, or with the axes in the order that a Transpose after the product asks for.
Layout destination_of(const Graph& graph, const Node& node, const Problem& p, DType dtype) {
  const Shape order = node.attributes.integers("result_order");
  if (order.empty() || shape_of(graph, node.outputs[0]) != p.c) return {dtype, p.c};
  Shape strides(p.c.size());
  std::int64_t step = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    strides.at(static_cast<std::size_t>(*axis)) = step;
    step *= p.c.at(static_cast<std::size_t>(*axis));
  }
  return {dtype, p.c, strides};
}

/// The rows of a matrix, or its columns, must lie without gaps.
bool is_matrix(const Layout& layout) {
  const Shape& strides = layout.strides();
  const Shape& shape = layout.shape();
  const std::size_t rank = shape.size();
  return shape[rank - 1] == 1 || shape[rank - 2] == 1 || strides[rank - 1] == 1 ||
         strides[rank - 2] == 1;
}

ValueIndex operand(Lowering& lowering, const Node& node, std::size_t slot, const char* flag,
                   const Shape& shape) {
  ValueIndex value = lowering.input(node, slot);
  if (is_transposed(node, flag)) {
    constexpr std::array<std::int64_t, 2> axes{1, 0};
    value = lowering.view(value, lowering.layout(value).permuted(axes));
  }
  return lowering.reshaped(value, shape);
}

ValueIndex as_matrix(Lowering& lowering, ValueIndex value, DType dtype) {
  value = lowering.as_dtype(value, dtype);
  return is_matrix(lowering.layout(value)) ? value : lowering.as_row_major(value, dtype);
}

/// What is multiplied, in the dtype of the product; constant weights as the file has them.
struct Inputs {
  ValueIndex a = -1;
  ValueIndex b = -1;
  bool has_weights = false;
};

Inputs inputs_of(Lowering& lowering, const Node& node, const Problem& p) {
  const DType dtype = lowering.source_dtype();
  Inputs inputs;
  inputs.has_weights = has_weights(lowering.graph(), node, p);
  inputs.a = as_matrix(lowering, operand(lowering, node, 0, "transA", p.a), dtype);
  inputs.b = operand(lowering, node, 1, "transB", p.b);
  if (!inputs.has_weights) inputs.b = as_matrix(lowering, inputs.b, dtype);
  return inputs;
}

Inputs in_rows(Lowering& lowering, Inputs inputs) {
  const DType dtype = lowering.source_dtype();
  inputs.a = lowering.as_row_major(inputs.a, dtype);
  if (!inputs.has_weights) inputs.b = lowering.as_row_major(inputs.b, dtype);
  return inputs;
}

std::optional<onednn::Offer> choose(Lowering& lowering, const Problem& p, const Inputs& inputs,
                                    bool has_bias, const Layout& destination,
                                    const onednn::PostOperations& post_ops) {
  const onednn::Description b = inputs.has_weights
                                    ? onednn::any_layout(lowering.source_dtype(), p.b)
                                    : lowering.layout(inputs.b).descriptor();
  return choose(p, lowering.layout(inputs.a), b, has_bias, destination, post_ops);
}

/// How much of Gemm's C and of the post-ops the primitive does itself.
struct Extras {
  ValueId bias = graph::no_value;  // one number per column, not scaled
  bool has_addend = false;         // C is anything else
  bool can_fuse = true;
  std::size_t first_post_op = 0;  // 1 where that of the node is the bias
};

Extras extras_of(const Graph& graph, const Node& node, const Problem& p) {
  Extras extras;
  if (Lowering::has_input(node, 2)) {
    const Shape& shape = shape_of(graph, node.inputs[2]);
    const bool is_row =
        !shape.empty() && shape.back() == p.c.back() && tensor::element_count(shape) == p.c.back();
    extras.has_addend =
        !is_row || node.attributes.real("beta", 1) != 1 || node.attributes.real("alpha", 1) != 1;
    if (!extras.has_addend) extras.bias = node.inputs[2];
  }
  const bool has_row_results = shape_of(graph, node.inputs[1]).size() > 1;
  extras.can_fuse = !extras.has_addend && node.attributes.real("alpha", 1) == 1 && has_row_results;
  const bool adds_first =
      !node.post_ops.empty() && node.post_ops[0].kind == graph::PostOp::Kind::add;
  if (extras.can_fuse && extras.bias == graph::no_value && adds_first) {
    extras.bias = node.post_ops[0].operand;
    extras.first_post_op = 1;
  }
  return extras;
}

/// Nothing of the post-ops, a bias among them included.
Extras without_fusion(Extras extras) {
  extras.can_fuse = false;
  if (extras.first_post_op > 0) extras.bias = graph::no_value;
  extras.first_post_op = 0;
  return extras;
}

ValueIndex scaled(Lowering& lowering, ValueIndex value, float factor) {
  if (factor == 1) return value;
  const auto made = add_eltwise(lowering, {dnnl::algorithm::eltwise_linear, factor, 0},
                                lowering.as_dense(value), "Mul");
  AMPD_CHECK(made.has_value());
  return *made;
}

ValueIndex finished(Lowering& lowering, const Node& node, const Extras& extras,
                    ValueIndex product) {
  ValueIndex result = lowering.reshaped(product, lowering.shape_of(node.outputs[0]));
  if (extras.can_fuse) return result;
  if (is_gemm(node)) {
    result = scaled(lowering, result, node.attributes.real("alpha", 1));
    if (extras.has_addend) {
      const ValueIndex addend =
          scaled(lowering, lowering.as_dtype(lowering.input(node, 2), DType::f32),
                 node.attributes.real("beta", 1));
      result = add_binary(lowering, "Add", result, addend, DType::f32);
    }
  }
  return apply_post_ops(lowering, node, result);
}

}  // namespace

bool takes_product(const Graph& graph, const Node& node) {
  return is_float32(graph, node) && node.inputs.size() >= 2;
}

bool lower_product(Lowering& lowering, const Node& node) {
  const Graph& graph = lowering.graph();
  const Problem p = problem_of(graph, node);
  Extras extras = extras_of(graph, node, p);
  Inputs inputs = inputs_of(lowering, node, p);
  FusedPostOps post_ops;
  std::optional<onednn::Offer> offer;
  const auto try_with = [&](const Layout& destination) {
    const bool has_bias = extras.bias != graph::no_value;
    if (!offer) offer = choose(lowering, p, inputs, has_bias, destination, post_ops.operations);
  };
  if (extras.can_fuse) {
    post_ops = fused_post_ops(graph, node, p.c.size(), p.c.size() - 1, extras.first_post_op);
    try_with(destination_of(graph, node, p, lowering.destination_dtype()));
    try_with({lowering.destination_dtype(), p.c});
  }
  if (!offer) {
    extras = without_fusion(extras);
    post_ops = {};
    try_with({DType::f32, p.c});
  }
  if (!offer) {
    inputs = in_rows(lowering, inputs);
    try_with({DType::f32, p.c});
  }
  if (!offer) return false;

  const DType source = lowering.source_dtype();
  PrimitiveStep step{
      .arguments = {{DNNL_ARG_SRC, lowering.as(inputs.a, Layout(offer->source()))},
                    {DNNL_ARG_WEIGHTS, lowering.as(inputs.b, Layout(offer->weights()))}},
      .source = source,
      .weights = source};
  const Layout destination(offer->destination());
  if (extras.bias != graph::no_value) {
    const ValueIndex bias = lowering.reshaped(lowering.stored(extras.bias), row_shape(p));
    step.arguments.emplace_back(DNNL_ARG_BIAS, lowering.as_row_major(bias, DType::f32));
  }
  add_arguments(lowering, post_ops, destination, step);
  const ValueIndex product = lowering.add(*offer, destination, std::move(step));
  lowering.define(node, 0, finished(lowering, node, extras, product));
  return true;
}

std::int64_t flops_of_product(const Graph& graph, const Node& node) {
  const Problem p = problem_of(graph, node);
  return 2 * tensor::element_count(p.c) * p.a.back();
}

bool is_product_offered(const Graph& graph, const Node& node, DType dtype) {
  const Problem p = problem_of(graph, node);
  const onednn::Description b = has_weights(graph, node, p) ? onednn::any_layout(dtype, p.b)
                                                            : Layout(dtype, p.b).descriptor();
  const bool has_bias = extras_of(graph, node, p).bias != graph::no_value;
  return choose(p, Layout(dtype, p.a), b, has_bias, {dtype, p.c}, {}).has_value();
}

}  // namespace ampd::engine
