// From the forms of opsets 1 to 6 to that of opset 7: what ONNX was before it broadcast as numpy
// does and before the mode of execution was left out of the operators.
#include <algorithm>
#include <array>
#include <cmath>

#include "graph/node_types.hpp"
#include "graph/onnx_dtype.hpp"
#include "graph/upgrade.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Which inputs may be overwritten: advice for executors of old.
void drop_consumed_inputs(Upgrade& upgrade) {
  upgrade.node.attributes.erase("consumed_inputs");
}

/// A second operand of fewer axes, whose first stands for `axis` of the first operand: axes of
/// extent 1 behind its own make it broadcast as today.
void append_axes(Upgrade& upgrade, std::int64_t count) {
  if (count <= 0) return;
  const Value operand = upgrade.input(1);
  std::vector<std::int64_t> axes(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    axes[static_cast<std::size_t>(i)] = std::ssize(*operand.shape) + i;
  }
  const ValueId list = upgrade.constant("axes", Tensor::of<std::int64_t>({count}, axes));
  const ValueId aligned = upgrade.new_value("aligned", operand.dtype);
  upgrade.before.push_back(
      upgrade.companion("Unsqueeze", {upgrade.node.inputs.at(1), list}, aligned));
  upgrade.node.inputs[1] = aligned;
}

std::int64_t rank_of(const Upgrade& upgrade, std::size_t input) {
  const std::optional<Shape>& shape = upgrade.input(input).shape;
  if (!shape) upgrade.types().refuse("broadcasts a tensor of which not even the rank is known");
  return std::ssize(*shape);
}

bool has_one_element(const Upgrade& upgrade, std::size_t input) {
  const std::optional<Shape>& shape = upgrade.input(input).shape;
  return shape && tensor::is_known(*shape) && tensor::element_count(*shape) == 1;
}

void align_second_operand(Upgrade& upgrade) {
  const bool broadcasts = upgrade.node.attributes.integer("broadcast", 0) != 0;
  const std::int64_t axis = upgrade.node.attributes.integer("axis", -1);
  upgrade.node.attributes.erase("broadcast");
  upgrade.node.attributes.erase("axis");
  if (!broadcasts || axis == -1 || has_one_element(upgrade, 1)) return;
  const std::int64_t rank = rank_of(upgrade, 0);
  const std::int64_t first = axis < 0 ? axis + rank : axis;
  const std::int64_t behind = rank - first - rank_of(upgrade, 1);
  if (first < 0 || behind < 0) {
    upgrade.types().fail("broadcasts along the axis " + std::to_string(axis) + ", where " +
                         tensor::to_string(*upgrade.input(1).shape) + " does not fit into " +
                         tensor::to_string(*upgrade.input(0).shape));
  }
  append_axes(upgrade, behind);
}

void drop_broadcast(Upgrade& upgrade) {
  upgrade.node.attributes.erase("broadcast");
}

/// One slope per channel, as a vector.
void align_slopes(Upgrade& upgrade) {
  if (has_one_element(upgrade, 1) || rank_of(upgrade, 1) != 1) return;
  append_axes(upgrade, rank_of(upgrade, 0) - 2);
}

bool is_for_inference(Upgrade& upgrade) {
  const bool found = upgrade.node.attributes.integer("is_test", 0) != 0;
  upgrade.node.attributes.erase("is_test");
  return found;
}

void mark_training(Upgrade& upgrade) {
  if (!is_for_inference(upgrade)) {
    upgrade.node.attributes.set("training_mode", std::int64_t{1});
  }
}

void refuse_training(Upgrade& upgrade) {
  if (is_for_inference(upgrade)) return;
  upgrade.types().refuse("is in training mode; export the model for inference");
}

void name_type_by_number(Upgrade& upgrade) {
  const std::string name = upgrade.node.attributes.text("to", "");
  const std::optional<int> number = onnx_type_number(name);
  if (!number) upgrade.types().fail("casts to \"" + name + "\", which is no element type");
  upgrade.node.attributes.set("to", std::int64_t{*number});
}

void set_default_axis(Upgrade& upgrade) {
  if (upgrade.node.attributes.has("axis")) return;
  upgrade.node.attributes.set("axis", std::int64_t{1});
}

void make_norm_integer(Upgrade& upgrade) {
  const float p = upgrade.node.attributes.real("p", 2);
  if (p != std::round(p) || p < 1 || p > (1 << 20)) {
    upgrade.types().refuse("has the norm " + std::to_string(p) + ", which no later opset has");
  }
  upgrade.node.attributes.set("p", static_cast<std::int64_t>(p));
}

void rename_pads(Upgrade& upgrade) {
  if (!upgrade.node.attributes.has("paddings")) return;
  upgrade.node.attributes.set("pads", upgrade.node.attributes.integers("paddings"));
  upgrade.node.attributes.erase("paddings");
}

/// Without it, both outputs are there as far as the node lists them.
void drop_sequence_flag(Upgrade& upgrade) {
  upgrade.node.attributes.erase("output_sequence");
}

void shape_to_input(Upgrade& upgrade) {
  upgrade.integers_to_input("shape", 1);
}

void set_default_coefficients(Upgrade& upgrade) {
  Attributes& attributes = upgrade.node.attributes;
  if (!attributes.has("alpha")) attributes.set("alpha", 1.6732F);
  if (!attributes.has("gamma")) attributes.set("gamma", 1.0507F);
}

ValueId cast_to_integers(Upgrade& upgrade, const char* role, ValueId source) {
  const ValueId result = upgrade.new_value(role, DType::i64);
  Node cast = upgrade.companion("Cast", {source}, result);
  cast.attributes.set("to", std::int64_t{onnx_of_dtype(DType::i64)});
  upgrade.before.push_back(std::move(cast));
  return result;
}

/// The lengths were of the data's own type.
void cast_lengths(Upgrade& upgrade) {
  std::vector<ValueId>& inputs = upgrade.node.inputs;
  if (inputs.size() < 2 || inputs[1] == no_value) return;
  inputs[1] = cast_to_integers(upgrade, "lengths", inputs[1]);
}

ValueId single_integer(Upgrade& upgrade, const char* role, std::size_t input) {
  const std::string list = std::string(role) + "_list";
  const ValueId number = cast_to_integers(upgrade, role, upgrade.node.inputs.at(input));
  const ValueId one = upgrade.constant("one", Tensor::of<std::int64_t>({1}, {1}));
  const ValueId result = upgrade.new_value(list.c_str(), DType::i64);
  upgrade.before.push_back(upgrade.companion("Reshape", {number, one}, result));
  return result;
}

/// A number of copies and an axis, both tensors: ones with that number in the axis' place.
void repeat_along_axis(Upgrade& upgrade) {
  if (upgrade.node.inputs.size() != 3) upgrade.types().fail("needs a number of tiles and an axis");
  const ValueId copies = single_integer(upgrade, "tiles", 1);
  const ValueId axis = single_integer(upgrade, "axis", 2);
  const ValueId shape = upgrade.new_value("shape", DType::i64);
  const ValueId rank = upgrade.new_value("rank", DType::i64);
  const ValueId ones = upgrade.new_value("ones", DType::i64);
  const ValueId repeats = upgrade.new_value("repeats", DType::i64);
  upgrade.before.push_back(upgrade.companion("Shape", {upgrade.node.inputs[0]}, shape));
  upgrade.before.push_back(upgrade.companion("Shape", {shape}, rank));
  Node fill = upgrade.companion("ConstantOfShape", {rank}, ones);
  fill.attributes.set("value", Tensor::of<std::int64_t>({1}, {1}));
  upgrade.before.push_back(std::move(fill));
  upgrade.before.push_back(upgrade.companion("ScatterElements", {ones, axis, copies}, repeats));
  upgrade.node.inputs = {upgrade.node.inputs[0], repeats};
}

void list_scales(Upgrade& upgrade) {
  Attributes& attributes = upgrade.node.attributes;
  const std::vector<float> scales{1, 1, attributes.real("height_scale", 1),
                                  attributes.real("width_scale", 1)};
  attributes.set("scales", scales);
  attributes.erase("height_scale");
  attributes.erase("width_scale");
  if (attributes.text("mode", "nearest") == "bilinear") {
    attributes.set("mode", std::string("linear"));
  }
}

// In the order in which an operator's changes came.
constexpr std::array changes{
    Change{"", 6, drop_consumed_inputs},        Change{"Add", 7, align_second_operand},
    Change{"And", 7, align_second_operand},     Change{"BatchNormalization", 7, mark_training},
    Change{"Cast", 6, name_type_by_number},     Change{"Concat", 4, set_default_axis},
    Change{"Div", 7, align_second_operand},     Change{"Dropout", 7, refuse_training},
    Change{"Equal", 7, align_second_operand},   Change{"GRU", 7, drop_sequence_flag},
    Change{"Gemm", 7, drop_broadcast},          Change{"GlobalLpPool", 2, make_norm_integer},
    Change{"Greater", 7, align_second_operand}, Change{"LSTM", 7, drop_sequence_flag},
    Change{"Less", 7, align_second_operand},    Change{"LpPool", 2, make_norm_integer},
    Change{"Mul", 7, align_second_operand},     Change{"Or", 7, align_second_operand},
    Change{"PRelu", 7, align_slopes},           Change{"Pad", 2, rename_pads},
    Change{"Pow", 7, align_second_operand},     Change{"RNN", 7, drop_sequence_flag},
    Change{"Reshape", 5, shape_to_input},       Change{"Selu", 6, set_default_coefficients},
    Change{"Split", 2, cast_lengths},           Change{"Sub", 7, align_second_operand},
    Change{"Tile", 6, repeat_along_axis},       Change{"Upsample", 7, list_scales},
    Change{"Xor", 7, align_second_operand},
};

}  // namespace

std::span<const Change> early_changes() {
  return changes;
}

}  // namespace ampd::graph
