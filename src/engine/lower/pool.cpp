#include <algorithm>

#include "engine/lower/families.hpp"
#include "graph/spatial_window.hpp"

namespace ampd::engine {
namespace {

using onednn::Pooling;
using tensor::DType;
using tensor::Shape;

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

bool is_global(const Node& node) {
  return node.op_type.starts_with("Global");
}

Pooling kind_of(const Node& node) {
  if (node.op_type.ends_with("MaxPool")) return Pooling::max;
  return node.attributes.integer("count_include_pad", 0) != 0 ? Pooling::average_with_padding
                                                              : Pooling::average_without_padding;
}

/// The node's window; with ceil_mode the padding at the end reaches as far as the last window.
onednn::Window window_of(const Graph& graph, const Node& node) {
  const Shape input = spatial(shape_of(graph, node.inputs[0]));
  if (is_global(node)) {
    const Shape ones(input.size(), 1);
    const Shape zeros(input.size(), 0);
    return {input, ones, ones, zeros, zeros};
  }
  const auto found = graph::spatial_window(node, input, node.attributes.integers("kernel_shape"));
  onednn::Window window{found.kernel, found.strides, found.dilations, found.pads_begin,
                        found.pads_end};
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::int64_t reach = (found.kernel[i] - 1) * found.dilations[i] + 1;
    const std::int64_t needed =
        (found.output[i] - 1) * found.strides[i] + reach - input[i] - found.pads_begin[i];
    window.pads_end[i] = std::max(window.pads_end[i], needed);
  }
  return window;
}

bool has_only_windows_with_data(const onednn::Window& window) {
  for (std::size_t i = 0; i < window.kernel.size(); ++i) {
    if (window.pads_begin[i] >= window.kernel[i] || window.pads_end[i] >= window.kernel[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool takes_pool(const Graph& graph, const Node& node) {
  const std::size_t rank = shape_of(graph, node.inputs[0]).size();
  if (!is_float32(graph, node) || !has_one_output(node) || rank < 3 || rank > 5) return false;
  if (is_global(node)) return true;
  // Windows that ceil_mode lets reach beyond the padding count only what lies within it.
  const bool counts_padding = kind_of(node) == Pooling::average_with_padding;
  if (counts_padding && node.attributes.integer("ceil_mode", 0) != 0) return false;
  return has_only_windows_with_data(window_of(graph, node));
}

bool lower_pool(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  const Shape& shape = lowering.shape_of(node.outputs[0]);
  const onednn::Window window = window_of(lowering.graph(), node);
  const ValueIndex given = lowering.input(node, 0);
  // Rows of pixels, as a network's input has them, are pooled where they lie if that can be fast.
  const bool has_rows =
      lowering.layout(given).is_row_major() && !lowering.layout(given).is_channels_last();
  std::optional<onednn::Offer> offer;
  ValueIndex x = given;
  if (has_rows) {
    x = lowering.as_row_major(given, dtype);
    offer = onednn::pooling(kind_of(node), lowering.layout(x).descriptor(),
                            Layout(dtype, shape).descriptor(), window);
  }
  if (!offer) {
    x = lowering.as_channels_last(given, dtype);
    offer = onednn::pooling(kind_of(node), lowering.layout(x).descriptor(),
                            Layout::channels_last(dtype, shape).descriptor(), window);
  }
  if (!offer) return false;
  const ValueIndex result =
      lowering.add(*offer, Layout(offer->destination()),
                   {.arguments = {{DNNL_ARG_SRC, x}}, .source = dtype, .weights = dtype});
  lowering.define(node, 0, result);
  return true;
}

std::int64_t flops_of_pool(const Graph& graph, const Node& node) {
  std::int64_t taps = 1;
  for (const std::int64_t extent : window_of(graph, node).kernel) taps *= extent;
  return output_size(graph, node) * taps;
}

}  // namespace ampd::engine
