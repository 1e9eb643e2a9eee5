#include "graph/older_form.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "graph/node_types.hpp"

namespace ampd::graph {
namespace {

using tensor::Tensor;

/// One node under way to an older form.
struct Lowering {
  Graph& graph;
  Node& node;

  [[noreturn]] void refuse(const std::string& what) const {
    NodeTypes(graph, node).refuse(what + ", which no opset up to 17 can express");
  }

  std::optional<std::vector<std::int64_t>> integers(std::size_t slot) const {
    return NodeTypes(graph, node).integers(slot);
  }

  bool has(std::size_t slot) const { return NodeTypes(graph, node).has(slot); }

  /// Erases an attribute that says what was always so; refuses another value.
  void drop_default(const char* name, std::int64_t otherwise) {
    if (node.attributes.integer(name, otherwise) != otherwise) {
      refuse("has the " + std::string(name) + " " +
             std::to_string(node.attributes.integer(name, otherwise)));
    }
    node.attributes.erase(name);
  }

  void drop_default(const char* name, const std::string& otherwise) {
    if (node.attributes.text(name, otherwise) != otherwise) {
      refuse("has the " + std::string(name) + " " + node.attributes.text(name, otherwise));
    }
    node.attributes.erase(name);
  }
};

void axes_to_attribute(Lowering& lowering) {
  const auto axes = lowering.integers(1);
  if (lowering.has(1) && !axes) lowering.refuse("has axes that are computed");
  const bool has_axes = axes && !axes->empty();
  if (!has_axes && lowering.node.attributes.integer("noop_with_empty_axes", 0) != 0) {
    lowering.node.op_type = "Identity";
    lowering.node.attributes = {};
  } else if (has_axes) {
    lowering.node.attributes.set("axes", *axes);
  }
  lowering.node.attributes.erase("noop_with_empty_axes");
  lowering.node.inputs.resize(1);
}

/// Parts that are not equal, which came with opset 18, are listed.
void list_parts(Lowering& lowering) {
  if (lowering.has(1)) return;
  std::vector<std::int64_t> parts;
  const std::int64_t axis = lowering.node.attributes.integer("axis", 0);
  for (const ValueId output : lowering.node.outputs) {
    const std::optional<tensor::Shape>& shape = lowering.graph.value(output).shape;
    if (!shape) return;
    parts.push_back((*shape)[NodeTypes(lowering.graph, lowering.node).axis(axis, shape->size())]);
  }
  if (std::ranges::all_of(parts, [&](std::int64_t part) { return part == parts[0]; })) return;
  lowering.node.inputs.resize(1);
  lowering.node.inputs.push_back(lowering.graph.add_constant(
      lowering.node.name + "/split", Tensor::of<std::int64_t>({std::ssize(parts)}, parts)));
}

void expand_pads(Lowering& lowering) {
  if (lowering.node.attributes.text("mode", "constant") == "wrap") {
    lowering.refuse("has the mode wrap");
  }
  if (!lowering.has(3))
    return lowering.node.inputs.resize(std::min<std::size_t>(lowering.node.inputs.size(), 3));
  const NodeTypes types(lowering.graph, lowering.node);
  const auto axes = types.integers(3);
  const auto pads = types.integers(1);
  const std::optional<std::size_t> rank = types.rank(0);
  if (!axes || !pads || !rank) lowering.refuse("has pads or axes that are computed");
  std::vector<std::int64_t> full(2 * *rank, 0);
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const std::size_t axis = types.axis((*axes)[i], *rank);
    full[axis] = pads->at(i);
    full[axis + *rank] = pads->at(i + axes->size());
  }
  lowering.node.inputs.resize(3);
  lowering.node.inputs[1] = lowering.graph.add_constant(
      lowering.node.name + "/pads", Tensor::of<std::int64_t>({std::ssize(full)}, full));
}

void drop_dilations(Lowering& lowering) {
  const std::vector<std::int64_t> dilations = lowering.node.attributes.integers("dilations");
  if (std::ranges::any_of(dilations, [](std::int64_t each) { return each != 1; })) {
    lowering.refuse("has dilations");
  }
  lowering.node.attributes.erase("dilations");
  if (lowering.node.op_type == "LpPool") lowering.drop_default("ceil_mode", 0);
}

void drop_resize_features(Lowering& lowering) {
  lowering.drop_default("antialias", 0);
  lowering.drop_default("keep_aspect_ratio_policy", "stretch");
  if (lowering.node.attributes.has("axes")) lowering.refuse("resizes some axes by name");
}

void drop_saturation(Lowering& lowering) {
  lowering.node.attributes.erase("saturate");  // it concerns float8 alone
}

void check_reduction(Lowering& lowering) {
  const std::string reduction = lowering.node.attributes.text("reduction", "none");
  if (reduction == "max" || reduction == "min") {
    lowering.refuse("has the reduction " + reduction);
  }
}

void drop_statistics(Lowering& lowering) {
  lowering.node.attributes.erase("spatial");
  if (lowering.node.opset < 14) lowering.node.attributes.erase("training_mode");
}

void axis_to_attribute(Lowering& lowering) {
  const auto axis = lowering.integers(2);
  if (lowering.has(2) && !axis) lowering.refuse("has an axis that is computed");
  lowering.node.attributes.set("axis", axis ? axis->at(0) : std::int64_t{-2});
  if (lowering.node.inputs.size() > 2) lowering.node.inputs.pop_back();
}

void rename_modes(Lowering& lowering) {
  const std::string mode = lowering.node.attributes.text("mode", "linear");
  if (mode == "linear") lowering.node.attributes.set("mode", std::string("bilinear"));
  if (mode == "cubic") lowering.node.attributes.set("mode", std::string("bicubic"));
}

struct Change {
  std::string_view op_type;
  void (*apply)(Lowering& lowering);
};

constexpr std::array changes{
    Change{"AveragePool", drop_dilations},
    Change{"BatchNormalization", drop_statistics},
    Change{"Cast", drop_saturation},
    Change{"CastLike", drop_saturation},
    Change{"DFT", axis_to_attribute},
    Change{"GridSample", rename_modes},
    Change{"LpPool", drop_dilations},
    Change{"Pad", expand_pads},
    Change{"QuantizeLinear", drop_saturation},
    Change{"ReduceL1", axes_to_attribute},
    Change{"ReduceL2", axes_to_attribute},
    Change{"ReduceLogSum", axes_to_attribute},
    Change{"ReduceLogSumExp", axes_to_attribute},
    Change{"ReduceMax", axes_to_attribute},
    Change{"ReduceMean", axes_to_attribute},
    Change{"ReduceMin", axes_to_attribute},
    Change{"ReduceProd", axes_to_attribute},
    Change{"ReduceSumSquare", axes_to_attribute},
    Change{"Resize", drop_resize_features},
    Change{"ScatterElements", check_reduction},
    Change{"ScatterND", check_reduction},
    Change{"Split", list_parts},
};

}  // namespace

void lower_to_opset(Graph& graph, int opset) {
  for (Node& node : graph.nodes) {
    node.opset = opset;
    for (const Change& change : changes) {
      if (change.op_type != node.op_type) continue;
      Lowering lowering{graph, node};
      change.apply(lowering);
      break;
    }
  }
}

}  // namespace ampd::graph
