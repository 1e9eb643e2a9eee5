// One node under way to its newest form (graph/newest_form.hpp): what the changes are written with.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "graph/newest_form.hpp"
#include "graph/node_names.hpp"
#include "graph/node_types.hpp"

namespace ampd::graph {

class Upgrade {
 public:
  Upgrade(Graph& graph, Node old_form, NodeNames& names)
      : node(std::move(old_form)), graph_(graph), names_(names) {}

  Graph& graph() { return graph_; }
  NodeTypes types() const { return {graph_, node}; }

  Node node;
  std::vector<Node> before;
  std::vector<Node> after;

  const Value& input(std::size_t index) const {
    if (!types().has(index)) types().fail("lacks its input " + std::to_string(index));
    return graph_.value(node.inputs[index]);
  }

  void set_input(std::size_t index, ValueId id) {
    if (node.inputs.size() <= index) node.inputs.resize(index + 1, no_value);
    node.inputs[index] = id;
  }

  ValueId constant(const char* role, tensor::Tensor value) {
    return graph_.add_constant(node.name + "/" + role, std::move(value));
  }

  void integers_to_input(const char* attribute, std::size_t index) {
    if (!node.attributes.has(attribute)) return;
    const std::vector<std::int64_t> list = node.attributes.integers(attribute);
    set_input(index,
              constant(attribute, tensor::Tensor::of<std::int64_t>({std::ssize(list)}, list)));
    node.attributes.erase(attribute);
  }

  void real_to_input(const char* attribute, std::size_t index, tensor::DType dtype) {
    if (!node.attributes.has(attribute)) return;
    const float value = node.attributes.real(attribute, 0);
    set_input(index,
              constant(attribute, tensor::convert(tensor::Tensor::of<float>({}, {value}), dtype)));
    node.attributes.erase(attribute);
  }

  ValueId new_value(const char* role, tensor::DType dtype) {
    Value value;
    value.name = node.name + "/" + role;
    value.dtype = dtype;
    return graph_.add_value(std::move(value));
  }

  Node companion(const char* op_type, std::vector<ValueId> inputs, ValueId output) {
    Node other;
    other.name = names_.make_unique(node.name + "/" + op_type);
    other.op_type = op_type;
    other.opset = newest_opset;
    other.inputs = std::move(inputs);
    other.outputs = {output};
    return other;
  }

 private:
  Graph& graph_;
  NodeNames& names_;
};

struct Change {
  std::string_view op_type;  // empty: of every operator
  int until;                 // the opset that brought it: nodes of earlier ones need it
  void (*apply)(Upgrade& upgrade);
};

/// The changes of opsets 2 to 7, in the order in which an operator's came.
std::span<const Change> early_changes();

}  // namespace ampd::graph
