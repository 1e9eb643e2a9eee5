#include "graph/shape_inference.hpp"

#include <map>
#include <utility>

#include "graph/newest_form.hpp"
#include "graph/node_error.hpp"
#include "graph/node_types.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

const ShapeRule* rule_of(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const std::string_view newest = newest_operator(node.op_type, node.opset);
  const ShapeRule* rule = find_shape_rule(newest);
  const bool exists =
      newest != node.op_type || (rule != nullptr && node.opset >= rule->since_version);
  return exists ? rule : nullptr;
}

std::string full_name(const Node& node) {
  return node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
}

const ShapeRule& known_rule(const Node& node) {
  const ShapeRule* rule = rule_of(node);
  if (rule == nullptr) {
    throw NodeError(node,
                    "is an operator of " + (node.domain.empty() ? "ai.onnx" : node.domain) +
                        " opset " + std::to_string(node.opset) + " that ampd does not know",
                    ErrorCode::unsupported);
  }
  return *rule;
}

void check_arity(const NodeTypes& types, const ShapeRule& rule) {
  const std::size_t inputs = types.input_count();
  if (inputs < rule.inputs_min || inputs > rule.inputs_max) {
    types.fail("has " + std::to_string(inputs) + " inputs");
  }
  for (std::size_t input = 0; input < rule.inputs_min; ++input) {
    if (!types.has(input)) types.fail("lacks its input " + std::to_string(input));
  }
  if (types.output_count() > rule.outputs_max) {
    types.fail("has " + std::to_string(types.output_count()) + " outputs");
  }
}

void apply(const ShapeRule& rule, NodeTypes& types, const Node& node) {
  check_arity(types, rule);
  try {
    rule.infer(types);
  } catch (const NodeError&) {
    throw;
  } catch (const Error& error) {
    throw NodeError(node, std::string("cannot be understood: ") + error.what(), error.code());
  }
}

}  // namespace

std::vector<UnknownOp> unknown_ops(const Graph& graph) {
  std::map<std::pair<std::string, int>, std::vector<std::string>> found;
  for (const Node& node : graph.nodes) {
    if (rule_of(node) == nullptr) found[{full_name(node), node.opset}].push_back(node.name);
    for (const Body& body : node.bodies) {
      for (const UnknownOp& inner : unknown_ops(*body.graph)) {
        for (const std::string& name : inner.nodes) {
          found[{inner.op_type, inner.opset}].push_back(node.name + "/" + body.attribute + "/" +
                                                        name);
        }
      }
    }
  }
  std::vector<UnknownOp> result;
  for (auto& [key, nodes] : found) {
    result.push_back({key.first, key.second, std::move(nodes)});
  }
  return result;
}

void infer_node(Graph& graph, const Node& node) {
  NodeTypes types(graph, node);
  apply(known_rule(node), types, node);
}

std::vector<ValueId> deciding_inputs(Graph& graph, const Node& node) {
  NodeTypes types(graph, node);
  apply(known_rule(node), types, node);
  std::vector<ValueId> ids;
  for (const std::size_t input : types.missed()) ids.push_back(node.inputs[input]);
  return ids;
}

Graph with_inputs(const Graph& body, const std::vector<Value>& inputs) {
  Graph graph = body;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    Value& value = graph.value(graph.inputs[i]);
    value.dtype = inputs.at(i).dtype;
    value.shape = inputs.at(i).shape;
    value.constant = inputs.at(i).constant;
  }
  std::erase_if(graph.inputs, [&](ValueId id) { return graph.value(id).constant.has_value(); });
  return graph;
}

void infer_shapes(Graph& graph) {
  NodeNames names;
  for (const Node& node : graph.nodes) names.reserve(node.name);
  std::vector<Node> nodes;
  nodes.reserve(graph.nodes.size());
  for (Node& old_form : graph.nodes) {
    known_rule(old_form);
    for (Node& node : newest_form(graph, std::move(old_form), names)) {
      infer_node(graph, node);
      nodes.push_back(std::move(node));
    }
  }
  graph.nodes = std::move(nodes);
}

}  // namespace ampd::graph
