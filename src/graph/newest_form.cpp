#include "graph/newest_form.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "graph/node_types.hpp"
#include "graph/upgrade.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

void bounds_to_inputs(Upgrade& upgrade) {
  const DType dtype = upgrade.input(0).dtype;
  upgrade.real_to_input("min", 1, dtype);
  upgrade.real_to_input("max", 2, dtype);
}

void axes_to_input(Upgrade& upgrade) {
  upgrade.integers_to_input("axes", 1);
}

void pads_to_input(Upgrade& upgrade) {
  upgrade.integers_to_input("pads", 1);
  upgrade.real_to_input("value", 2, upgrade.input(0).dtype);
}

void slice_to_inputs(Upgrade& upgrade) {
  upgrade.integers_to_input("starts", 1);
  upgrade.integers_to_input("ends", 2);
  upgrade.integers_to_input("axes", 3);
}

void split_to_input(Upgrade& upgrade) {
  upgrade.integers_to_input("split", 1);
}

/// It says again how many outputs the node lists.
void drop_count(Upgrade& upgrade) {
  const std::int64_t count = std::ssize(upgrade.node.outputs);
  if (upgrade.node.attributes.integer("num_outputs", count) != count) {
    NodeTypes(upgrade.graph(), upgrade.node)
        .fail("has a num_outputs that differs from its number of outputs");
  }
  upgrade.node.attributes.erase("num_outputs");
}

void count_to_input(Upgrade& upgrade) {
  const std::int64_t k = upgrade.node.attributes.integer("k", -1);
  upgrade.set_input(1, upgrade.constant("k", Tensor::of<std::int64_t>({1}, {k})));
  upgrade.node.attributes.erase("k");
}

/// Before opset 10 the mask had the data's type.
void cast_mask(Upgrade& upgrade) {
  if (upgrade.node.outputs.size() < 2 || upgrade.node.outputs[1] == no_value) return;
  const ValueId mask = upgrade.new_value("mask", DType::boolean);
  Node cast =
      upgrade.companion("CastLike", {mask, upgrade.node.inputs.at(0)}, upgrade.node.outputs[1]);
  upgrade.node.outputs[1] = mask;
  upgrade.after.push_back(std::move(cast));
}

void drop_ratio(Upgrade& upgrade) {
  upgrade.node.attributes.erase("ratio");
}

void set_asymmetric(Upgrade& upgrade) {
  upgrade.node.attributes.set("coordinate_transformation_mode", std::string("asymmetric"));
  upgrade.node.attributes.set("nearest_mode", std::string("floor"));
}

void insert_region(Upgrade& upgrade) {
  const ValueId scales = upgrade.node.inputs.size() > 1 ? upgrade.node.inputs[1] : no_value;
  upgrade.node.inputs.resize(1);
  upgrade.set_input(2, scales);
  set_asymmetric(upgrade);
}

void upsample_to_resize(Upgrade& upgrade) {
  if (upgrade.node.attributes.has("scales")) {
    const std::vector<float> scales = upgrade.node.attributes.reals("scales");
    upgrade.set_input(1,
                      upgrade.constant("scales", Tensor::of<float>({std::ssize(scales)}, scales)));
    upgrade.node.attributes.erase("scales");
  }
  upgrade.node.op_type = "Resize";
  insert_region(upgrade);
}

void scatter_to_elements(Upgrade& upgrade) {
  upgrade.node.op_type = "ScatterElements";
}

void keep_output_half_pixel(Upgrade& upgrade) {
  upgrade.node.attributes.set("coordinate_transformation_mode", std::string("output_half_pixel"));
}

void axis_to_input(Upgrade& upgrade) {
  const std::int64_t axis = upgrade.node.attributes.integer("axis", 1);
  upgrade.set_input(2, upgrade.constant("axis", Tensor::of<std::int64_t>({}, {axis})));
  upgrade.node.attributes.erase("axis");
}

void rename_modes(Upgrade& upgrade) {
  const std::string mode = upgrade.node.attributes.text("mode", "bilinear");
  if (mode == "bilinear") upgrade.node.attributes.set("mode", std::string("linear"));
  if (mode == "bicubic") upgrade.node.attributes.set("mode", std::string("cubic"));
}

/// Before opset 13, Softmax and its kin worked on the input flattened to a matrix at `axis`. That
/// is the same as working along `axis` when nothing but extents of 1 follows it.
void flatten_around(Upgrade& upgrade) {
  const std::int64_t given = upgrade.node.attributes.integer("axis", 1);
  const Value input = upgrade.input(0);
  if (input.shape && !input.shape->empty()) {
    const NodeTypes types(upgrade.graph(), upgrade.node);
    const std::size_t axis = types.axis(given, input.shape->size());
    const bool ends =
        std::all_of(input.shape->begin() + static_cast<std::ptrdiff_t>(axis) + 1,
                    input.shape->end(), [](std::int64_t extent) { return extent == 1; });
    if (ends) return upgrade.node.attributes.set("axis", static_cast<std::int64_t>(axis));
  }
  const DType dtype = input.dtype;
  const ValueId source = upgrade.node.inputs[0];
  const ValueId shape = upgrade.new_value("shape", DType::i64);
  const ValueId matrix = upgrade.new_value("matrix", dtype);
  const ValueId result = upgrade.new_value("result", dtype);
  Node flatten = upgrade.companion("Flatten", {source}, matrix);
  flatten.attributes.set("axis", given);
  upgrade.before.push_back(upgrade.companion("Shape", {source}, shape));
  upgrade.before.push_back(std::move(flatten));
  upgrade.after.push_back(
      upgrade.companion("Reshape", {result, shape}, upgrade.node.outputs.at(0)));
  upgrade.node.inputs[0] = matrix;
  upgrade.node.outputs[0] = result;
  upgrade.node.attributes.set("axis", std::int64_t{-1});
}

/// Before opset 9, statistics could be kept for each element of a sample.
void normalise_elements(Upgrade& upgrade) {
  const bool is_by_element = upgrade.node.attributes.integer("spatial", 1) == 0 &&
                             upgrade.node.attributes.integer("training_mode", 0) == 0;
  upgrade.node.attributes.erase("spatial");
  const std::optional<tensor::Shape>& scale = upgrade.input(1).shape;
  if (!is_by_element || (scale && scale->size() == 1)) return;
  const DType dtype = upgrade.input(0).dtype;
  const float epsilon = upgrade.node.attributes.real("epsilon", 1e-5F);
  const auto step = [&](const char* op_type, const char* role, ValueId a, ValueId b) {
    const ValueId result = upgrade.new_value(role, dtype);
    std::vector<ValueId> operands{a, b};
    std::erase(operands, no_value);
    upgrade.before.push_back(upgrade.companion(op_type, operands, result));
    return result;
  };
  const std::vector<ValueId> inputs = upgrade.node.inputs;
  if (inputs.size() != 5) upgrade.types().fail("needs a scale, a bias, a mean and a variance");
  const ValueId small =
      upgrade.constant("epsilon", tensor::convert(Tensor::of<float>({}, {epsilon}), dtype));
  const ValueId distance = step("Sub", "distance", inputs[0], inputs[3]);
  const ValueId variance = step("Add", "variance", inputs[4], small);
  const ValueId deviation = step("Sqrt", "deviation", variance, no_value);
  const ValueId normal = step("Div", "normal", distance, deviation);
  const ValueId scaled = step("Mul", "scaled", normal, inputs[1]);
  upgrade.node.op_type = "Add";
  upgrade.node.attributes = {};
  upgrade.node.inputs = {scaled, inputs[2]};
}

/// In opset 8 a Scan went through a batch of sequences, along their second axis. The lengths stay
/// its first input.
void scan_batches(Upgrade& upgrade) {
  upgrade.node.attributes.set("has_lengths", std::int64_t{1});
  if (!upgrade.node.attributes.has("directions")) return;
  upgrade.node.attributes.set("scan_input_directions",
                              upgrade.node.attributes.integers("directions"));
  upgrade.node.attributes.erase("directions");
}

constexpr int always = newest_opset + 1;

// The changes of opset 8 and later, in the order in which an operator's came.
constexpr std::array changes{
    Change{"BatchNormalization", 9, normalise_elements},
    Change{"Clip", 11, bounds_to_inputs},
    Change{"DFT", 20, axis_to_input},
    Change{"Dropout", 10, cast_mask},
    Change{"Dropout", 12, drop_ratio},
    Change{"GridSample", 20, rename_modes},
    Change{"Hardmax", 13, flatten_around},
    Change{"LogSoftmax", 13, flatten_around},
    Change{"Pad", 11, pads_to_input},
    Change{"ReduceL1", 18, axes_to_input},
    Change{"ReduceL2", 18, axes_to_input},
    Change{"ReduceLogSum", 18, axes_to_input},
    Change{"ReduceLogSumExp", 18, axes_to_input},
    Change{"ReduceMax", 18, axes_to_input},
    Change{"ReduceMean", 18, axes_to_input},
    Change{"ReduceMin", 18, axes_to_input},
    Change{"ReduceProd", 18, axes_to_input},
    Change{"ReduceSum", 13, axes_to_input},
    Change{"ReduceSumSquare", 18, axes_to_input},
    Change{"Resize", 11, insert_region},
    Change{"RoiAlign", 16, keep_output_half_pixel},
    Change{"Scan", 9, scan_batches},
    Change{"Scatter", always, scatter_to_elements},
    Change{"Slice", 10, slice_to_inputs},
    Change{"Softmax", 13, flatten_around},
    Change{"Split", 13, split_to_input},
    Change{"Split", always, drop_count},
    Change{"Squeeze", 13, axes_to_input},
    Change{"TopK", 10, count_to_input},
    Change{"Unsqueeze", 13, axes_to_input},
    Change{"Upsample", 10, upsample_to_resize},
};

}  // namespace

std::vector<Node> newest_form(Graph& graph, Node node, NodeNames& names) {
  const std::string op_type = node.op_type;
  const int opset = node.opset;
  Upgrade upgrade(graph, std::move(node), names);
  for (const std::span<const Change> list : {early_changes(), std::span<const Change>(changes)}) {
    for (const Change& change : list) {
      const bool is_meant = change.op_type.empty() || change.op_type == op_type;
      if (is_meant && opset < change.until) change.apply(upgrade);
    }
  }
  upgrade.node.opset = std::max(upgrade.node.opset, newest_opset);
  std::vector<Node> nodes = std::move(upgrade.before);
  nodes.push_back(std::move(upgrade.node));
  nodes.insert(nodes.end(), std::make_move_iterator(upgrade.after.begin()),
               std::make_move_iterator(upgrade.after.end()));
  return nodes;
}

std::string_view newest_operator(std::string_view op_type, int opset) {
  if (op_type == "Upsample" && opset < 10) return "Resize";
  if (op_type == "Scatter") return "ScatterElements";
  return op_type;
}

}  // namespace ampd::graph
