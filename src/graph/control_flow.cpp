#include "graph/control_flow.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/limits.hpp"
#include "graph/constant_node.hpp"
#include "graph/newest_form.hpp"
#include "graph/node_error.hpp"
#include "graph/node_names.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

using Values = std::vector<ValueId>;

Values captured_by(const Node& node, const Body& body) {
  const auto first = node.inputs.begin() + static_cast<std::ptrdiff_t>(body.captured_from);
  return {first, first + static_cast<std::ptrdiff_t>(body.captured_count)};
}

/// The inputs that the operator names, without what its bodies capture.
Values own_inputs(const Node& node) {
  const std::size_t count = node.bodies.front().captured_from;
  return {node.inputs.begin(), node.inputs.begin() + static_cast<std::ptrdiff_t>(count)};
}

class Expander {
 public:
  explicit Expander(Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes) names_.reserve(node.name);
  }

  bool run() {
    std::vector<Node> old = std::exchange(graph_.nodes, {});
    bool any = false;
    for (Node& node : old) {
      const bool is_expanded = (node.op_type == "If" && expand_if(node)) ||
                               (node.op_type == "Loop" && expand_loop(node)) ||
                               (node.op_type == "Scan" && expand_scan(node));
      any |= is_expanded;
      if (!is_expanded) add(std::move(node));
    }
    return any;
  }

 private:
  const Tensor* constant(ValueId id) const {
    const std::optional<Tensor>& value = graph_.value(id).constant;
    return value ? &*value : nullptr;
  }

  static bool is_true(const Node& node, const Tensor& condition) {
    if (condition.dtype() != DType::boolean || condition.size() != 1) {
      throw NodeError(node, "needs one bool as its condition");
    }
    return condition.bytes()[0] != std::byte{0};
  }

  void add(Node node) {
    graph_.nodes.push_back(std::move(node));
    if (std::ssize(graph_.nodes) > base::limits::graph_nodes) {
      throw Error(ErrorCode::exhausted, "the model " + graph_.name + " has more than " +
                                            std::to_string(base::limits::graph_nodes) +
                                            " nodes once its loops are written out");
    }
  }

  ValueId add_constant(const Node& node, const char* role, Tensor value) {
    return graph_.add_constant(node.name + "/" + role, std::move(value));
  }

  ValueId add_value(const Node& node, const char* role) {
    Value value;
    value.name = node.name + "/" + role;
    return graph_.add_value(std::move(value));
  }

  void add_node(const Node& around, const char* op_type, Values inputs, ValueId output,
                std::int64_t axis = -1) {
    Node node;
    node.name = names_.make_unique(around.name + "/" + op_type);
    node.op_type = op_type;
    node.opset = newest_opset;
    node.inputs = std::move(inputs);
    node.outputs = {output};
    if (axis >= 0) node.attributes.set("axis", axis);
    add(std::move(node));
  }

  /// The body's nodes with these values as its inputs; returns what its outputs are.
  Values inline_body(const Node& around, const Body& body, const Values& inputs) {
    const Graph& inner = *body.graph;
    Values numbers(inner.values.size(), no_value);
    for (std::size_t i = 0; i < inner.inputs.size(); ++i) {
      numbers[static_cast<std::size_t>(inner.inputs[i])] = inputs.at(i);
    }
    std::map<ValueId, ValueId>& constants = constants_[&inner];
    const auto number = [&](ValueId id) {
      if (id == no_value) return no_value;
      ValueId& known = numbers[static_cast<std::size_t>(id)];
      if (known != no_value) return known;
      const auto [shared, is_new] = constants.try_emplace(id, no_value);
      const Value& value = inner.value(id);
      if (value.constant && !is_new) return known = shared->second;
      Value copy = value;
      copy.name = around.name + "/" + value.name;
      known = graph_.add_value(std::move(copy));
      if (value.constant) shared->second = known;
      return known;
    };
    for (const Node& node : inner.nodes) {
      Node copy = node;
      copy.name = names_.make_unique(around.name + "/" + node.name);
      for (ValueId& id : copy.inputs) id = number(id);
      for (ValueId& id : copy.outputs) id = number(id);
      add(std::move(copy));
    }
    Values outputs;
    for (const ValueId id : inner.outputs) outputs.push_back(number(id));
    return outputs;
  }

  void give_out(const Node& node, std::size_t output, ValueId value) {
    if (output >= node.outputs.size() || node.outputs[output] == no_value) return;
    add_node(node, "Identity", {value}, node.outputs[output]);
  }

  const Body& body_of(const Node& node, std::string_view attribute) const {
    const auto found = std::ranges::find(node.bodies, attribute, &Body::attribute);
    if (found == node.bodies.end()) throw NodeError(node, "has no " + std::string(attribute));
    return *found;
  }

  void check_counts(const Node& node, const Body& body, std::size_t inputs,
                    std::size_t outputs) const {
    if (body.graph->inputs.size() == inputs + body.captured_count &&
        body.graph->outputs.size() == outputs) {
      return;
    }
    throw NodeError(node, "has a " + body.attribute + " of " +
                              std::to_string(body.graph->inputs.size() - body.captured_count) +
                              " inputs and " + std::to_string(body.graph->outputs.size()) +
                              " outputs, which do not fit its own");
  }

  bool expand_if(const Node& node) {
    const Tensor* condition = constant(node.inputs.at(0));
    if (condition == nullptr) return false;
    const Body& branch = body_of(node, is_true(node, *condition) ? "then_branch" : "else_branch");
    check_counts(node, branch, 0, node.outputs.size());
    const Values outputs = inline_body(node, branch, captured_by(node, branch));
    for (std::size_t i = 0; i < outputs.size(); ++i) give_out(node, i, outputs[i]);
    return true;
  }

  /// Whether the body's condition is what it was; none when it is computed.
  std::optional<bool> goes_on(const Node& node, const Body& body) const {
    const Graph& inner = *body.graph;
    const auto producers = inner.producers();
    ValueId id = inner.outputs.at(0);
    for (;;) {
      if (id == inner.inputs.at(1)) return true;
      if (inner.value(id).constant) return is_true(node, *inner.value(id).constant);
      const auto maker = producers.at(static_cast<std::size_t>(id));
      if (!maker) break;
      const Node& made_by = inner.nodes[*maker];
      if (made_by.op_type == "Constant") {
        const std::optional<Tensor> value = constant_tensor(made_by);
        return value ? std::optional(is_true(node, *value)) : std::nullopt;
      }
      if (made_by.op_type != "Identity" && made_by.op_type != "Cast") return std::nullopt;
      id = made_by.inputs.at(0);
    }
    for (std::size_t i = 0; i < body.captured_count; ++i) {
      const std::size_t place = inner.inputs.size() - body.captured_count + i;
      const Tensor* value = constant(node.inputs[body.captured_from + i]);
      if (inner.inputs[place] == id && value != nullptr) return is_true(node, *value);
    }
    return std::nullopt;
  }

  /// None: not known yet.
  std::optional<std::int64_t> rounds_of(const Node& node, const Values& inputs, const Body& body) {
    const bool has_count = inputs.at(0) != no_value;
    const bool has_condition = inputs.size() > 1 && inputs[1] != no_value;
    const Tensor* count = has_count ? constant(inputs[0]) : nullptr;
    const Tensor* condition = has_condition ? constant(inputs[1]) : nullptr;
    if ((has_count && count == nullptr) || (has_condition && condition == nullptr)) {
      return std::nullopt;
    }
    if (count != nullptr && (count->dtype() != DType::i64 || count->size() != 1)) {
      throw NodeError(node, "needs one int64 as its number of rounds");
    }
    if (condition != nullptr && !is_true(node, *condition)) return 0;
    const std::optional<bool> again = goes_on(node, body);
    if (!again || (*again && count == nullptr)) {
      throw NodeError(node, "runs until its body says so, which ampd does not execute",
                      ErrorCode::unsupported);
    }
    const std::int64_t most =
        count != nullptr ? std::max<std::int64_t>(count->values<std::int64_t>()[0], 0) : 1;
    return *again ? most : std::min<std::int64_t>(most, 1);
  }

  /// The elements of an output, one per round, beside each other along a new axis.
  void stack(const Node& node, std::size_t output, Values elements, std::int64_t axis) {
    if (output >= node.outputs.size() || node.outputs[output] == no_value) return;
    if (elements.empty()) {
      throw NodeError(
          node,
          "makes no round, so its output " + std::to_string(output) + " has no shape that is known",
          ErrorCode::unsupported);
    }
    const ValueId axes = add_constant(node, "axis", Tensor::of<std::int64_t>({1}, {axis}));
    for (ValueId& element : elements) {
      const ValueId wide = add_value(node, "element");
      add_node(node, "Unsqueeze", {element, axes}, wide);
      element = wide;
    }
    Node concat;
    concat.name = names_.make_unique(node.name + "/Concat");
    concat.op_type = "Concat";
    concat.opset = newest_opset;
    concat.inputs = std::move(elements);
    concat.outputs = {node.outputs[output]};
    concat.attributes.set("axis", axis);
    add(std::move(concat));
  }

  bool expand_loop(const Node& node) {
    const Values inputs = own_inputs(node);
    const Body& body = body_of(node, "body");
    const std::size_t states = inputs.size() - std::min<std::size_t>(inputs.size(), 2);
    const std::size_t scans = node.outputs.size() - std::min(node.outputs.size(), states);
    check_counts(node, body, states + 2, 1 + states + scans);
    const std::optional<std::int64_t> rounds = rounds_of(node, inputs, body);
    if (!rounds) return false;
    const ValueId yes = add_constant(node, "condition", Tensor::of<bool>({}, {true}));
    Values state(inputs.end() - static_cast<std::ptrdiff_t>(states), inputs.end());
    std::vector<Values> stacked(scans);
    for (std::int64_t round = 0; round < *rounds; ++round) {
      Values given{add_constant(node, "round", Tensor::of<std::int64_t>({}, {round})), yes};
      given.insert(given.end(), state.begin(), state.end());
      const Values captured = captured_by(node, body);
      given.insert(given.end(), captured.begin(), captured.end());
      const Values made = inline_body(node, body, given);
      for (std::size_t i = 0; i < states; ++i) state[i] = made[1 + i];
      for (std::size_t i = 0; i < scans; ++i) stacked[i].push_back(made[1 + states + i]);
    }
    for (std::size_t i = 0; i < states; ++i) give_out(node, i, state[i]);
    for (std::size_t i = 0; i < scans; ++i) stack(node, states + i, stacked[i], 0);
    return true;
  }

  static std::int64_t entry(const std::vector<std::int64_t>& list, std::size_t index) {
    return index < list.size() ? list[index] : 0;
  }

  /// The axis that a Scan goes along, counted from the front.
  std::size_t scanned_axis(const Node& node, ValueId id, std::size_t index) const {
    const auto rank = std::ssize(*graph_.value(id).shape);
    const std::int64_t axis = entry(node.attributes.integers("scan_input_axes"), index);
    if (axis < -rank || axis >= rank)
      throw NodeError(node, "scans along an axis that is not there");
    return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  }

  bool expand_scan(const Node& node) {
    if (node.opset < 9) {
      throw NodeError(node, "has the form of opset 8; export the model at opset 9 or later",
                      ErrorCode::unsupported);
    }
    const Values inputs = own_inputs(node);
    const Body& body = body_of(node, "body");
    const std::int64_t sources_wanted = node.attributes.integer("num_scan_inputs", 0);
    if (sources_wanted < 1 || sources_wanted > std::ssize(inputs)) {
      throw NodeError(node, "has an impossible num_scan_inputs");
    }
    const auto sources = static_cast<std::size_t>(sources_wanted);
    const std::size_t states = inputs.size() - sources;
    const std::size_t scans = node.outputs.size() - std::min(node.outputs.size(), states);
    check_counts(node, body, inputs.size(), states + scans);
    std::vector<std::size_t> axes;
    std::optional<std::int64_t> rounds;
    for (std::size_t i = 0; i < sources; ++i) {
      const ValueId source = inputs[states + i];
      if (!graph_.value(source).shape) return false;
      axes.push_back(scanned_axis(node, source, i));
      const std::int64_t extent = (*graph_.value(source).shape)[axes.back()];
      if (extent < 0) return false;
      if (rounds && *rounds != extent) throw NodeError(node, "scans inputs of different lengths");
      rounds = extent;
    }
    Values state(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(states));
    std::vector<Values> stacked(scans);
    for (std::int64_t round = 0; round < *rounds; ++round) {
      Values given = state;
      for (std::size_t i = 0; i < sources; ++i) {
        given.push_back(element(node, inputs[states + i], axes[i], i, round, *rounds));
      }
      const Values captured = captured_by(node, body);
      given.insert(given.end(), captured.begin(), captured.end());
      const Values made = inline_body(node, body, given);
      for (std::size_t i = 0; i < states; ++i) state[i] = made[i];
      for (std::size_t i = 0; i < scans; ++i) stacked[i].push_back(made[states + i]);
    }
    for (std::size_t i = 0; i < states; ++i) give_out(node, i, state[i]);
    for (std::size_t i = 0; i < scans; ++i) {
      if (entry(node.attributes.integers("scan_output_directions"), i) != 0) {
        std::ranges::reverse(stacked[i]);
      }
      stack(node, states + i, stacked[i], entry(node.attributes.integers("scan_output_axes"), i));
    }
    return true;
  }

  ValueId element(const Node& node, ValueId source, std::size_t axis, std::size_t index,
                  std::int64_t round, std::int64_t rounds) {
    const bool is_backward = entry(node.attributes.integers("scan_input_directions"), index) != 0;
    const std::int64_t place = is_backward ? rounds - 1 - round : round;
    const ValueId number = add_constant(node, "place", Tensor::of<std::int64_t>({}, {place}));
    const ValueId result = add_value(node, "element");
    add_node(node, "Gather", {source, number}, result, static_cast<std::int64_t>(axis));
    return result;
  }

  Graph& graph_;
  NodeNames names_;
  std::map<const Graph*, std::map<ValueId, ValueId>> constants_;  // copied once for all rounds
};

bool has_body(const Node& node) {
  return !node.bodies.empty();
}

}  // namespace

bool expand_control_flow(Graph& graph) {
  return std::ranges::any_of(graph.nodes, has_body) && Expander(graph).run();
}

}  // namespace ampd::graph
