#include "graph/control_flow.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/limits.hpp"
#include "graph/constant_node.hpp"
#include "graph/newest_form.hpp"
#include "graph/node_error.hpp"
#include "graph/node_names.hpp"
#include "graph/shape_inference.hpp"

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
  Expander(Graph& graph, const NodeEvaluator& evaluate) : graph_(graph), evaluate_(evaluate) {
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
    if (std::ssize(graph_.nodes) > base::limits::graph_nodes) refuse_size();
  }

  [[noreturn]] void refuse_size() const {
    throw Error(ErrorCode::exhausted, "the model " + graph_.name + " has more than " +
                                          std::to_string(base::limits::graph_nodes) +
                                          " nodes once its loops are written out");
  }

  ValueId add_constant(const Node& node, const char* role, Tensor value) {
    return graph_.add_constant(node.name + "/" + role, std::move(value));
  }

  ValueId add_value(const Node& node, const char* role) {
    Value value;
    value.name = node.name + "/" + role;
    return graph_.add_value(std::move(value));
  }

  Node made_node(const Node& around, const char* op_type, Values inputs, ValueId output) {
    Node node;
    node.name = names_.make_unique(around.name + "/" + op_type);
    node.op_type = op_type;
    node.opset = newest_opset;
    node.inputs = std::move(inputs);
    node.outputs = {output};
    return node;
  }

  void add_node(const Node& around, const char* op_type, Values inputs, ValueId output,
                std::int64_t axis = -1) {
    Node node = made_node(around, op_type, std::move(inputs), output);
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

  bool has_open_input() const {
    return std::ranges::any_of(graph_.inputs, [this](ValueId id) {
      const std::optional<Shape>& shape = graph_.value(id).shape;
      return !shape || !tensor::is_known(*shape);
    });
  }

  std::vector<Value> values_of(const Values& ids) const {
    std::vector<Value> values;
    for (const ValueId id : ids) values.push_back(graph_.value(id));
    return values;
  }

  static Value constant_value(Tensor tensor) {
    Value value;
    value.dtype = tensor.dtype();
    value.shape = tensor.shape();
    value.constant = std::move(tensor);
    return value;
  }

  /// The body of a Loop simplified for its first round with these states, and for the next ones
  /// with what it makes of them, for as long as its condition is constant.
  std::optional<std::int64_t> count_rounds(const Node& node, const Body& body, std::int64_t most) {
    std::vector<Value> given(2);
    given[1] = constant_value(Tensor::of<bool>({}, {true}));
    const Values inputs = own_inputs(node);
    for (std::size_t i = 2; i < inputs.size(); ++i) given.push_back(graph_.value(inputs[i]));
    const std::vector<Value> captured = values_of(captured_by(node, body));
    given.insert(given.end(), captured.begin(), captured.end());
    const std::int64_t size = std::max<std::int64_t>(std::ssize(body.graph->nodes), 1);
    for (std::int64_t round = 0; round < most; ++round) {
      if (round > base::limits::graph_nodes / size) refuse_size();
      given[0] = constant_value(Tensor::of<std::int64_t>({}, {round}));
      const Graph made = simplify(with_inputs(*body.graph, given), evaluate_);
      const std::optional<Tensor>& condition = made.value(made.outputs.at(0)).constant;
      if (!condition) return std::nullopt;
      if (!is_true(node, *condition)) return round + 1;
      for (std::size_t i = 2; i < inputs.size(); ++i) given[i] = made.value(made.outputs.at(i - 1));
    }
    return most;
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
    const std::int64_t most =
        count != nullptr ? std::max<std::int64_t>(count->values<std::int64_t>()[0], 0) : INT64_MAX;
    const std::optional<bool> again = goes_on(node, body);
    if (again && *again && count != nullptr) return most;
    if (again && !*again) return std::min<std::int64_t>(most, 1);
    const std::optional<std::int64_t> rounds = count_rounds(node, body, most);
    if (!rounds && !has_open_input()) {
      throw NodeError(node, "runs until its body says so by the data, which ampd does not execute",
                      ErrorCode::unsupported);
    }
    return rounds;
  }

  /// What rounds make: the last states, and each round's element of the outputs that are stacked.
  struct Made {
    Values states;
    std::vector<Values> elements;
    std::vector<Value> types;  // of such elements, when there is no round
  };

  /// `given(round, states)` is what the body is handed, but for what it captures.
  template <class Given>
  Made write_out(const Node& node, const Body& body, Values states, std::int64_t rounds,
                 std::size_t first_state, Given&& given) {
    const std::size_t count = states.size();
    Made made{std::move(states), {}, {}};
    made.elements.resize(body.graph->outputs.size() - first_state - count);
    const Values captured = captured_by(node, body);
    for (std::int64_t round = 0; round < rounds; ++round) {
      Values inputs = given(round, made.states);
      inputs.insert(inputs.end(), captured.begin(), captured.end());
      const Values outputs = inline_body(node, body, inputs);
      for (std::size_t i = 0; i < count; ++i) made.states[i] = outputs[first_state + i];
      for (std::size_t i = 0; i < made.elements.size(); ++i) {
        made.elements[i].push_back(outputs[first_state + count + i]);
      }
    }
    return made;
  }

  /// The types and shapes of the elements that the body would stack.
  std::vector<Value> element_types(const Body& body, std::vector<Value> given, const Node& node,
                                   std::size_t first) const {
    const std::vector<Value> captured = values_of(captured_by(node, body));
    given.insert(given.end(), captured.begin(), captured.end());
    const Graph made = simplify(with_inputs(*body.graph, given), evaluate_);
    const std::vector<Value> outputs = [&] {
      std::vector<Value> values;
      for (const ValueId id : made.outputs) values.push_back(made.value(id));
      return values;
    }();
    return {outputs.begin() + static_cast<std::ptrdiff_t>(first), outputs.end()};
  }

  /// What lies beside each other when there was no round: nothing, of the element's other extents.
  ValueId stack_of_none(const Node& node, const Value& element, std::int64_t axis) {
    if (!element.shape) {
      throw NodeError(node, "makes no round, so what it stacks has no shape that is known",
                      ErrorCode::unsupported);
    }
    Shape shape = *element.shape;
    for (std::int64_t& extent : shape) extent = std::max<std::int64_t>(extent, 0);
    shape.insert(shape.begin() + place_in(node, axis, shape.size() + 1), 0);
    return add_constant(node, "nothing", Tensor(element.dtype, shape));
  }

  static std::ptrdiff_t place_in(const Node& node, std::int64_t axis, std::size_t rank) {
    const auto count = static_cast<std::int64_t>(rank);
    if (axis < -count || axis >= count) {
      throw NodeError(node, "stacks along an axis that is not there");
    }
    return static_cast<std::ptrdiff_t>(axis < 0 ? axis + count : axis);
  }

  /// Elements, one per round, beside each other along a new axis.
  ValueId stacked(const Node& node, Values elements, std::int64_t axis) {
    const ValueId axes = add_constant(node, "axis", Tensor::of<std::int64_t>({1}, {axis}));
    for (ValueId& element : elements) {
      const ValueId wide = add_value(node, "element");
      add_node(node, "Unsqueeze", {element, axes}, wide);
      element = wide;
    }
    const ValueId result = add_value(node, "stack");
    Node concat = made_node(node, "Concat", std::move(elements), result);
    concat.attributes.set("axis", axis);
    add(std::move(concat));
    return result;
  }

  ValueId stacked(const Node& node, const Made& made, std::size_t index, std::int64_t axis) {
    if (made.elements[index].empty()) return stack_of_none(node, made.types.at(index), axis);
    return stacked(node, made.elements[index], axis);
  }

  bool expand_loop(const Node& node) {
    const Values inputs = own_inputs(node);
    const Body& body = body_of(node, "body");
    const std::size_t states = inputs.size() - std::min<std::size_t>(inputs.size(), 2);
    const std::size_t scans = node.outputs.size() - std::min(node.outputs.size(), states);
    check_counts(node, body, states + 2, 1 + states + scans);
    const std::optional<std::int64_t> rounds = rounds_of(node, inputs, body);
    if (!rounds || (*rounds == 0 && has_open_input())) return false;
    const ValueId yes = add_constant(node, "condition", Tensor::of<bool>({}, {true}));
    const Values first(inputs.end() - static_cast<std::ptrdiff_t>(states), inputs.end());
    const auto given = [&](std::int64_t round, const Values& state) {
      Values values{add_constant(node, "round", Tensor::of<std::int64_t>({}, {round})), yes};
      values.insert(values.end(), state.begin(), state.end());
      return values;
    };
    Made made = write_out(node, body, first, *rounds, 1, given);
    if (*rounds == 0 && scans > 0) {
      made.types = element_types(body, values_of(given(0, first)), node, 1 + states);
    }
    for (std::size_t i = 0; i < states; ++i) give_out(node, i, made.states[i]);
    for (std::size_t i = 0; i < scans; ++i) give_out(node, states + i, stacked(node, made, i, 0));
    return true;
  }

  static std::int64_t entry(const std::vector<std::int64_t>& list, std::size_t index) {
    return index < list.size() ? list[index] : 0;
  }

  /// What a Scan goes through: the same number of elements along an axis of each source.
  struct Sources {
    Values values;
    std::vector<std::size_t> axes;
    std::int64_t length = 0;
  };

  /// None when the length is not known yet.
  std::optional<Sources> sources_of(const Node& node, const Values& values) const {
    Sources sources{values, {}, -1};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::optional<Shape>& shape = graph_.value(values[i]).shape;
      if (!shape) return std::nullopt;
      const std::int64_t axis = entry(node.attributes.integers("scan_input_axes"), i);
      const auto rank = std::ssize(*shape);
      if (axis < -rank || axis >= rank) {
        throw NodeError(node, "scans along an axis that is not there");
      }
      sources.axes.push_back(static_cast<std::size_t>(axis < 0 ? axis + rank : axis));
      const std::int64_t extent = (*shape)[sources.axes.back()];
      if (extent < 0) return std::nullopt;
      if (i > 0 && sources.length != extent) {
        throw NodeError(node, "scans inputs of different lengths");
      }
      sources.length = extent;
    }
    return sources;
  }

  /// The values that belong to one scan, and what it stacks.
  Made scan(const Node& node, const Body& body, const Values& states, const Sources& sources) {
    Made made = write_out(
        node, body, states, sources.length, 0, [&](std::int64_t round, const Values& state) {
          Values given = state;
          for (std::size_t i = 0; i < sources.values.size(); ++i) {
            const bool is_backward =
                entry(node.attributes.integers("scan_input_directions"), i) != 0;
            given.push_back(element(node, sources.values[i], sources.axes[i],
                                    is_backward ? sources.length - 1 - round : round));
          }
          return given;
        });
    if (sources.length > 0) return made;
    std::vector<Value> given = values_of(states);
    for (std::size_t i = 0; i < sources.values.size(); ++i) {
      Value value = graph_.value(sources.values[i]);
      value.constant.reset();
      value.shape->erase(value.shape->begin() + static_cast<std::ptrdiff_t>(sources.axes[i]));
      given.push_back(std::move(value));
    }
    made.types = element_types(body, std::move(given), node, states.size());
    return made;
  }

  bool expand_scan(const Node& node) {
    Values inputs = own_inputs(node);
    const bool is_batched = node.attributes.integer("has_lengths", 0) != 0;
    const ValueId lengths = is_batched && !inputs.empty() ? inputs.front() : no_value;
    if (is_batched && !inputs.empty()) inputs.erase(inputs.begin());
    const Body& body = body_of(node, "body");
    const std::int64_t count = node.attributes.integer("num_scan_inputs", 0);
    if (count < 1 || count > std::ssize(inputs)) {
      throw NodeError(node, "has an impossible num_scan_inputs");
    }
    const Values states(inputs.begin(), inputs.end() - count);
    const Values values(inputs.end() - count, inputs.end());
    const std::size_t scans = node.outputs.size() - std::min(node.outputs.size(), states.size());
    check_counts(node, body, inputs.size(), states.size() + scans);
    if (is_batched) return expand_batch(node, body, lengths, states, values);
    const std::optional<Sources> sources = sources_of(node, values);
    if (!sources || (sources->length == 0 && has_open_input())) return false;
    Made made = scan(node, body, states, *sources);
    for (std::size_t i = 0; i < states.size(); ++i) give_out(node, i, made.states[i]);
    for (std::size_t i = 0; i < scans; ++i) {
      if (entry(node.attributes.integers("scan_output_directions"), i) != 0) {
        std::ranges::reverse(made.elements[i]);
      }
      const std::int64_t axis = entry(node.attributes.integers("scan_output_axes"), i);
      give_out(node, states.size() + i, stacked(node, made, i, axis));
    }
    return true;
  }

  ValueId element(const Node& node, ValueId source, std::size_t axis, std::int64_t place) {
    const ValueId number = add_constant(node, "place", Tensor::of<std::int64_t>({}, {place}));
    const ValueId result = add_value(node, "element");
    graph_.value(result).dtype = graph_.value(source).dtype;
    if (std::optional<Shape> shape = graph_.value(source).shape) {
      shape->erase(shape->begin() + static_cast<std::ptrdiff_t>(axis));
      graph_.value(result).shape = std::move(shape);
    }
    add_node(node, "Gather", {source, number}, result, static_cast<std::int64_t>(axis));
    return result;
  }

  /// The sequences of a batch, one after the other; what is stacked is filled up with zeros behind
  /// a sequence's own length.
  bool expand_batch(const Node& node, const Body& body, ValueId lengths, const Values& states,
                    const Values& values) {
    const std::optional<Shape> shape = graph_.value(values[0]).shape;
    if (!shape || has_open_input() || (lengths != no_value && constant(lengths) == nullptr)) {
      return false;
    }
    if (shape->size() < 2) throw NodeError(node, "needs a batch of sequences");
    const std::int64_t batch = (*shape)[0];
    const std::int64_t longest = (*shape)[1];
    if (batch < 0 || longest < 0) return false;
    std::vector<std::int64_t> rounds(static_cast<std::size_t>(batch), longest);
    if (lengths != no_value) rounds = checked_lengths(node, *constant(lengths), batch, longest);
    const std::size_t outputs = body.graph->outputs.size();
    std::vector<Values> made(outputs);
    for (std::int64_t item = 0; item < batch; ++item) {
      Sources sources;
      for (const ValueId id : values) {
        const Shape whole = *graph_.value(id).shape;
        if (whole.size() < 2 || whole[0] != batch || whole[1] != longest) {
          throw NodeError(node, "scans inputs of different lengths");
        }
        sources.values.push_back(element(node, id, 0, item));
      }
      sources.axes.assign(values.size(), 0);
      sources.length = rounds[static_cast<std::size_t>(item)];
      Values state;
      for (const ValueId id : states) {
        const std::optional<Shape>& held = graph_.value(id).shape;
        if (held && (held->empty() || ((*held)[0] >= 0 && (*held)[0] != batch))) {
          throw NodeError(node, "has states of another batch than its sequences");
        }
        state.push_back(element(node, id, 0, item));
      }
      const Made each = scan(node, body, state, sources);
      for (std::size_t i = 0; i < states.size(); ++i) made[i].push_back(each.states[i]);
      for (std::size_t i = states.size(); i < outputs; ++i) {
        const ValueId stack = stacked(node, each, i - states.size(), 0);
        made[i].push_back(filled_up(node, stack, longest - sources.length));
      }
    }
    if (batch == 0) throw NodeError(node, "scans an empty batch", ErrorCode::unsupported);
    for (std::size_t i = 0; i < outputs; ++i) give_out(node, i, stacked(node, made[i], 0));
    return true;
  }

  static std::vector<std::int64_t> checked_lengths(const Node& node, const Tensor& lengths,
                                                   std::int64_t batch, std::int64_t longest) {
    if (lengths.dtype() != DType::i64 || lengths.shape() != Shape{batch}) {
      throw NodeError(node, "needs one int64 per sequence as its lengths");
    }
    const auto values = lengths.values<std::int64_t>();
    for (const std::int64_t length : values) {
      if (length < 0 || length > longest) {
        throw NodeError(node, "has a sequence of length " + std::to_string(length) +
                                  " where the longest has " + std::to_string(longest));
      }
    }
    return {values.begin(), values.end()};
  }

  ValueId filled_up(const Node& node, ValueId sequence, std::int64_t missing) {
    if (missing == 0) return sequence;
    const ValueId pads = add_constant(node, "pads", Tensor::of<std::int64_t>({2}, {0, missing}));
    const ValueId axes = add_constant(node, "axes", Tensor::of<std::int64_t>({1}, {0}));
    const ValueId result = add_value(node, "filled");
    add_node(node, "Pad", {sequence, pads, no_value, axes}, result);
    return result;
  }

  Graph& graph_;
  const NodeEvaluator& evaluate_;
  NodeNames names_;
  std::map<const Graph*, std::map<ValueId, ValueId>> constants_;  // copied once for all rounds
};

bool has_body(const Node& node) {
  return !node.bodies.empty();
}

}  // namespace

bool expand_control_flow(Graph& graph, const NodeEvaluator& evaluate) {
  return std::ranges::any_of(graph.nodes, has_body) && Expander(graph, evaluate).run();
}

}  // namespace ampd::graph
