#include <algorithm>
#include <numeric>

#include "engine/lower/families.hpp"
#include "graph/spatial_window.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;

/// A Conv or ConvTranspose in oneDNN's terms.
struct Problem {
  bool is_transposed = false;
  std::int64_t groups = 1;
  Shape source;
  Shape weights;  // groups (if several), outputs, inputs, window
  Shape destination;
  bool has_bias = false;
  onednn::Window window;
};

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

Problem problem_of(const Graph& graph, const Node& node) {
  Problem p;
  p.is_transposed = node.op_type == "ConvTranspose";
  p.groups = node.attributes.integer("group", 1);
  p.source = shape_of(graph, node.inputs[0]);
  p.destination = shape_of(graph, node.outputs[0]);
  p.has_bias = Lowering::has_input(node, 2);
  const Shape& weights = shape_of(graph, node.inputs[1]);
  const Shape kernel = spatial(weights);
  const auto window = p.is_transposed ? graph::transposed_window(node, spatial(p.source), kernel)
                                      : graph::spatial_window(node, spatial(p.source), kernel);
  p.window = {kernel, window.strides, window.dilations, window.pads_begin, window.pads_end};
  if (p.groups > 1) p.weights.push_back(p.groups);
  p.weights.push_back(p.destination[1] / p.groups);
  p.weights.push_back(p.source[1] / p.groups);
  p.weights.insert(p.weights.end(), kernel.begin(), kernel.end());
  if (p.is_transposed) {
    // oneDNN has no output padding: the result ends where the padding at the end says.
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      const std::int64_t full =
          (p.source[i + 2] - 1) * window.strides[i] + (kernel[i] - 1) * window.dilations[i] + 1;
      p.window.pads_end[i] = full - window.pads_begin[i] - p.destination[i + 2];
    }
  }
  return p;
}

/// The best kernel that is not a slow one: with channels last if there is one, so that layouts fit
/// from end to end, else in the layouts that oneDNN likes.
std::optional<onednn::Offer> choose(const Problem& p, DType source, DType destination,
                                    const onednn::PostOperations& post_ops) {
  const auto descriptions = [&](bool is_free) {
    onednn::Weighted t;
    t.source = is_free ? onednn::any_layout(source, p.source)
                       : Layout::channels_last(source, p.source).descriptor();
    t.weights = onednn::any_layout(source, p.weights);
    if (p.has_bias) t.bias = Layout(DType::f32, {p.destination[1]}).descriptor();
    t.destination = is_free ? onednn::any_layout(destination, p.destination)
                            : Layout::channels_last(destination, p.destination).descriptor();
    return t;
  };
  for (const bool is_free : {false, true}) {
    auto offer = p.is_transposed ? onednn::deconvolution(descriptions(is_free), p.window, post_ops)
                                 : onednn::convolution(descriptions(is_free), p.window, post_ops);
    const bool is_gemm =
        offer && !is_free && offer->implementation().find("gemm:") != std::string::npos;
    if (offer && !is_gemm) return offer;
  }
  return std::nullopt;
}

/// The weights as oneDNN numbers their dimensions, where they are.
ValueIndex weights_of(Lowering& lowering, const Node& node, const Problem& p) {
  const ValueIndex stored = lowering.input(node, 1);
  if (!p.is_transposed) return lowering.reshaped(stored, p.weights);
  Shape split = p.weights;
  const std::size_t outputs = p.groups > 1 ? 1 : 0;
  std::swap(split[outputs], split[outputs + 1]);
  const ValueIndex grouped = lowering.reshaped(stored, split);
  std::vector<std::int64_t> axes(split.size());
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[outputs], axes[outputs + 1]);
  return lowering.view(grouped, lowering.layout(grouped).permuted(axes));
}

}  // namespace

bool takes_convolution(const Graph& graph, const Node& node) {
  return is_float32(graph, node) && shape_of(graph, node.inputs[0]).size() >= 3 &&
         shape_of(graph, node.inputs[0]).size() <= 5;
}

bool lower_convolution(Lowering& lowering, const Node& node) {
  const Problem p = problem_of(lowering.graph(), node);
  const DType source = lowering.source_dtype();
  FusedPostOps post_ops = fused_post_ops(lowering.graph(), node, p.destination.size(), 1);
  auto offer = choose(p, source, lowering.destination_dtype(), post_ops.operations);
  const bool is_fused = offer.has_value();
  if (!is_fused) {
    post_ops = {};
    offer = choose(p, source, DType::f32, {});
  }
  if (!offer) return false;
  const ValueIndex x = lowering.as(lowering.input(node, 0), Layout(offer->source()));
  const ValueIndex w = lowering.as(weights_of(lowering, node, p), Layout(offer->weights()));
  PrimitiveStep step{
      .arguments = {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}}, .source = source, .weights = source};
  if (p.has_bias) {
    const ValueIndex bias = lowering.reshaped(lowering.input(node, 2), {p.destination[1]});
    step.arguments.emplace_back(DNNL_ARG_BIAS, lowering.as_row_major(bias, DType::f32));
  }
  const Layout destination(offer->destination());
  add_arguments(lowering, post_ops, destination, step);
  ValueIndex result = lowering.add(*offer, destination, std::move(step));
  if (!destination.is_plain()) {
    result = lowering.as_channels_last(result, destination.dtype());
  }
  if (!is_fused) result = apply_post_ops(lowering, node, result);
  lowering.define(node, 0, result);
  return true;
}

std::int64_t flops_of_convolution(const Graph& graph, const Node& node) {
  const Shape& weights = shape_of(graph, node.inputs[1]);
  const bool is_transposed = node.op_type == "ConvTranspose";
  const Shape& moved = shape_of(graph, is_transposed ? node.inputs[0] : node.outputs[0]);
  const std::int64_t per_place =
      tensor::element_count(weights) / std::max<std::int64_t>(weights[0], 1);
  return 2 * tensor::element_count(moved) * per_place;
}

bool is_convolution_offered(const Graph& graph, const Node& node, DType dtype) {
  const Problem p = problem_of(graph, node);
  return choose(p, dtype, dtype, {}).has_value();
}

}  // namespace ampd::engine
