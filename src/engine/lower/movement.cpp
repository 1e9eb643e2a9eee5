#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "engine/lower/families.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

std::size_t axis_of(std::int64_t axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

/// The elements of a constant int32 or int64 tensor.
std::vector<std::int64_t> integers(const Tensor& tensor) {
  if (tensor.dtype() == DType::i32) {
    const auto values = tensor.values<std::int32_t>();
    return {values.begin(), values.end()};
  }
  const auto values = tensor.values<std::int64_t>();
  return {values.begin(), values.end()};
}

const Tensor* constant_of(const Graph& graph, const Node& node, std::size_t slot) {
  if (!Lowering::has_input(node, slot)) return nullptr;
  const auto& constant = graph.value(node.inputs[slot]).constant;
  return constant ? &*constant : nullptr;
}

bool keeps_dtype(const Graph& graph, const Node& node) {
  return graph.value(node.inputs[0]).dtype == graph.value(node.outputs[0]).dtype;
}

/// The dtype in which a node that moves elements reads its data.
DType moved_dtype(const Lowering& lowering, const Node& node) {
  const DType dtype = lowering.graph().value(node.inputs[0]).dtype;
  return dtype == DType::f32 ? lowering.source_dtype() : dtype;
}

ValueIndex data(Lowering& lowering, const Node& node) {
  return lowering.as_dtype(lowering.input(node, 0), moved_dtype(lowering, node));
}

struct Range {
  std::int64_t start = 0;
  std::int64_t step = 1;
};

/// Where each axis of a Slice starts and how it steps; nothing for what a view cannot be.
std::optional<std::vector<Range>> ranges_of(const Graph& graph, const Node& node) {
  const Tensor* starts = constant_of(graph, node, 1);
  const Tensor* axes = constant_of(graph, node, 3);
  const Tensor* steps = constant_of(graph, node, 4);
  if (starts == nullptr || (Lowering::has_input(node, 3) && axes == nullptr) ||
      (Lowering::has_input(node, 4) && steps == nullptr)) {
    return std::nullopt;
  }
  const Shape& shape = shape_of(graph, node.inputs[0]);
  std::vector<Range> ranges(shape.size());
  const std::vector<std::int64_t> first = integers(*starts);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::size_t axis =
        axis_of(axes != nullptr ? integers(*axes)[i] : static_cast<std::int64_t>(i), shape.size());
    Range& range = ranges.at(axis);
    range.step = steps != nullptr ? integers(*steps)[i] : 1;
    if (range.step < 1) return std::nullopt;
    const std::int64_t start = first[i] < 0 ? first[i] + shape[axis] : first[i];
    range.start = std::clamp<std::int64_t>(start, 0, shape[axis]);
  }
  return ranges;
}

/// The one index that a Gather takes along its axis; nothing for what a view cannot be.
std::optional<std::int64_t> place_of(const Graph& graph, const Node& node) {
  const Tensor* index = constant_of(graph, node, 1);
  const Shape& shape = shape_of(graph, node.inputs[0]);
  if (index == nullptr || index->size() != 1) return std::nullopt;
  const std::int64_t extent = shape[axis_of(node.attributes.integer("axis", 0), shape.size())];
  const std::int64_t place = integers(*index)[0];
  if (place < -extent || place >= extent) return std::nullopt;
  return place < 0 ? place + extent : place;
}

/// A part of a value, where it lies.
ValueIndex part(Lowering& lowering, ValueIndex value, const Shape& shape,
                const std::vector<Range>& ranges) {
  const Layout& from = lowering.layout(value);
  Shape strides = from.strides();
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    offset += ranges[i].start * strides[i];
    strides[i] *= ranges[i].step;
  }
  return lowering.view(value, Layout(from.dtype(), shape, strides),
                       offset * tensor::size_bytes(from.dtype()));
}

struct Blocks {
  Shape split;                     // the input's shape with each block as an axis of its own
  std::vector<std::int64_t> axes;  // the order in which they are joined
};

Blocks blocks_of(const Graph& graph, const Node& node) {
  const Shape& shape = shape_of(graph, node.inputs[0]);
  const std::int64_t block = node.attributes.integer("blocksize", 1);
  const std::int64_t channels = shape[1];
  if (node.op_type == "SpaceToDepth") {
    return {{shape[0], channels, shape[2] / block, block, shape[3] / block, block},
            {0, 3, 5, 1, 2, 4}};
  }
  const std::int64_t depth = channels / (block * block);
  if (node.attributes.text("mode", "DCR") == "CRD") {
    return {{shape[0], depth, block, block, shape[2], shape[3]}, {0, 1, 4, 2, 5, 3}};
  }
  return {{shape[0], block, block, depth, shape[2], shape[3]}, {0, 3, 4, 1, 5, 2}};
}

}  // namespace

bool takes_view(const Graph& graph, const Node& node) {
  return has_one_output(node) && keeps_dtype(graph, node);
}

bool lower_view(Lowering& lowering, const Node& node) {
  const Shape& shape = lowering.shape_of(node.outputs[0]);
  lowering.define(node, 0, lowering.reshaped(data(lowering, node), shape));
  return true;
}

bool takes_transpose(const Graph& graph, const Node& node) {
  return takes_view(graph, node);
}

bool lower_transpose(Lowering& lowering, const Node& node) {
  const ValueIndex x = data(lowering, node);
  std::vector<std::int64_t> axes = node.attributes.integers("perm");
  if (axes.empty()) {
    axes.resize(lowering.layout(x).shape().size());
    std::iota(axes.rbegin(), axes.rend(), 0);
  }
  lowering.define(node, 0, lowering.view(x, lowering.layout(x).permuted(axes)));
  return true;
}

bool takes_slice(const Graph& graph, const Node& node) {
  return takes_view(graph, node) && ranges_of(graph, node).has_value();
}

bool lower_slice(Lowering& lowering, const Node& node) {
  const auto ranges = ranges_of(lowering.graph(), node);
  lowering.define(
      node, 0, part(lowering, data(lowering, node), lowering.shape_of(node.outputs[0]), *ranges));
  return true;
}

bool takes_split(const Graph& graph, const Node& node) {
  return keeps_dtype(graph, node) &&
         std::find(node.outputs.begin(), node.outputs.end(), graph::no_value) == node.outputs.end();
}

bool lower_split(Lowering& lowering, const Node& node) {
  const ValueIndex x = data(lowering, node);
  const std::size_t rank = lowering.layout(x).shape().size();
  const std::size_t axis = axis_of(node.attributes.integer("axis", 0), rank);
  std::vector<Range> ranges(rank);
  for (std::size_t k = 0; k < node.outputs.size(); ++k) {
    const Shape& shape = lowering.shape_of(node.outputs[k]);
    lowering.define(node, k, part(lowering, x, shape, ranges));
    ranges[axis].start += shape[axis];
  }
  return true;
}

bool takes_gather(const Graph& graph, const Node& node) {
  return keeps_dtype(graph, node) && place_of(graph, node).has_value();
}

bool lower_gather(Lowering& lowering, const Node& node) {
  const ValueIndex x = data(lowering, node);
  Shape shape = lowering.layout(x).shape();
  const std::size_t axis = axis_of(node.attributes.integer("axis", 0), shape.size());
  std::vector<Range> ranges(shape.size());
  ranges[axis].start = *place_of(lowering.graph(), node);
  shape[axis] = 1;
  lowering.define(
      node, 0,
      lowering.reshaped(part(lowering, x, shape, ranges), lowering.shape_of(node.outputs[0])));
  return true;
}

bool takes_concat(const Graph& graph, const Node& node) {
  return is_float32(graph, node);
}

bool lower_concat(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  const Shape& shape = lowering.shape_of(node.outputs[0]);
  const std::size_t axis = axis_of(node.attributes.integer("axis", 0), shape.size());
  std::vector<ValueIndex> parts;
  for (std::size_t slot = 0; slot < node.inputs.size(); ++slot) {
    parts.push_back(lowering.input(node, slot));
  }
  const ValueIndex largest = *std::max_element(parts.begin(), parts.end(), [&](auto a, auto b) {
    return lowering.layout(a).size() < lowering.layout(b).size();
  });
  const Layout leader = lowering.layout(largest);
  const Layout destination = leader.dense_like(dtype, shape);
  PrimitiveStep step{.source = dtype, .weights = dtype};
  std::vector<onednn::Description> sources;
  for (std::size_t slot = 0; slot < parts.size(); ++slot) {
    const Layout layout = leader.dense_like(dtype, lowering.layout(parts[slot]).shape());
    step.arguments.emplace_back(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(slot),
                                lowering.as(parts[slot], layout));
    sources.push_back(layout.descriptor());
  }
  const auto offer = onednn::concat(sources, static_cast<int>(axis), destination.descriptor());
  if (!offer) return false;
  lowering.define(node, 0, lowering.add(*offer, destination, std::move(step)));
  return true;
}

bool takes_blocks(const Graph& graph, const Node& node) {
  return takes_view(graph, node) && shape_of(graph, node.inputs[0]).size() == 4;
}

bool lower_blocks(Lowering& lowering, const Node& node) {
  const Blocks blocks = blocks_of(lowering.graph(), node);
  const ValueIndex split = lowering.reshaped(data(lowering, node), blocks.split);
  const ValueIndex turned = lowering.view(split, lowering.layout(split).permuted(blocks.axes));
  lowering.define(node, 0, lowering.reshaped(turned, lowering.shape_of(node.outputs[0])));
  return true;
}

}  // namespace ampd::engine
