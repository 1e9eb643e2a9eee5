// Merges zero padding into the window that follows, which pads without a copy.
//
//   x ---> Pad (zeros, spatial axes) ---> Conv | AveragePool
//
//   x ---> Conv | AveragePool (larger pads)
//
// An AveragePool counts the zeros that Pad adds, so it must count padding.
#include <algorithm>

#include "graph/node_types.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

using tensor::Shape;

bool is_zero(const tensor::Tensor* value) {
  if (value == nullptr) return true;
  return std::ranges::all_of(value->bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

/// Begin and end of each spatial axis; none unless the node adds zeros there and nowhere else.
std::optional<Shape> spatial_pads(Graph& graph, const Node& pad) {
  const NodeTypes types(graph, pad);
  const auto pads = types.integers(1);
  if (pad.attributes.text("mode", "constant") != "constant" || !pads || !types.rank(0) ||
      *types.rank(0) < 3 || (types.has(2) && types.constant(2) == nullptr) ||
      !is_zero(types.constant(2)) || (types.has(3) && !types.integers(3))) {
    return std::nullopt;
  }
  const std::size_t rank = *types.rank(0);
  Shape full(2 * rank, 0);
  const auto axes = types.integers(3);
  const std::size_t count = axes ? axes->size() : rank;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = axes ? types.axis((*axes)[i], rank) : i;
    full[axis] += (*pads)[i];
    full[axis + rank] += (*pads)[i + count];
  }
  if (full[0] != 0 || full[1] != 0 || full[rank] != 0 || full[rank + 1] != 0) return std::nullopt;
  if (std::ranges::any_of(full, [](std::int64_t pixels) { return pixels < 0; })) {
    return std::nullopt;
  }
  const auto at = [&full](std::size_t i) { return full.begin() + static_cast<std::ptrdiff_t>(i); };
  Shape result(at(2), at(rank));
  result.insert(result.end(), at(rank + 2), full.end());
  return result;
}

bool can_take_pads(const Node& node) {
  const std::string auto_pad = node.attributes.text("auto_pad", "NOTSET");
  if (auto_pad != "NOTSET" && auto_pad != "VALID") return false;
  if (node.op_type == "Conv") return true;
  if (node.op_type != "AveragePool" || node.attributes.integer("ceil_mode", 0) != 0) return false;
  const Shape own = node.attributes.integers("pads");
  return node.attributes.integer("count_include_pad", 0) != 0 || auto_pad == "VALID" ||
         std::ranges::all_of(own, [](std::int64_t pixels) { return pixels == 0; });
}

}  // namespace

void apply_pads(Graph& graph, const NodeEvaluator&) {
  Rewriter rewriter(graph);
  for (std::size_t index = 0; index < rewriter.node_count(); ++index) {
    Node& node = rewriter.node(index);
    if (!can_take_pads(node)) continue;
    const std::optional<std::size_t> producer = rewriter.producer(node.inputs[0]);
    if (!producer || rewriter.node(*producer).op_type != "Pad" ||
        !rewriter.is_private(node.inputs[0])) {
      continue;
    }
    const Node& pad = rewriter.node(*producer);
    std::optional<Shape> pads = spatial_pads(graph, pad);
    if (!pads) continue;
    const bool is_valid = node.attributes.text("auto_pad", "NOTSET") == "VALID";
    const Shape own = is_valid ? Shape() : node.attributes.integers("pads");
    for (std::size_t i = 0; i < own.size(); ++i) (*pads)[i] += own[i];
    node.attributes.set("pads", *pads);
    node.attributes.erase("auto_pad");
    if (node.op_type == "AveragePool") node.attributes.set("count_include_pad", std::int64_t{1});
    node.absorbed.push_back(pad.name);
    rewriter.set_input(index, 0, pad.inputs[0]);
    rewriter.remove(*producer);
  }
  rewriter.finish();
}

}  // namespace ampd::graph
