#include "engine/dtype_assignment.hpp"

#include <algorithm>

#include "engine/lower/families.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;
using tensor::DType;

class DtypeAssigner {
 public:
  DtypeAssigner(const Graph& graph, const Assignment& assignment)
      : graph_(graph),
        lowest_(graph.values.size(), DType::f32),
        is_read_low_(graph.values.size(), false),
        result_(graph.nodes.size()) {
    roles_.reserve(graph.nodes.size());
    precisions_.reserve(graph.nodes.size());
    for (const Node& node : graph.nodes) {
      roles_.push_back(role_of(graph, node));
      precisions_.push_back(precision_of(graph, node, assignment));
    }
  }

  std::vector<NodeDtypes> run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) find_lowest(i);
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) decide(i);
    return std::move(result_);
  }

 private:
  DType& lowest(ValueId id) { return lowest_[static_cast<std::size_t>(id)]; }
  bool is_read_low(ValueId id) const { return is_read_low_[static_cast<std::size_t>(id)]; }

  bool is_activation(ValueId id) const {
    return id != graph::no_value && graph_.value(id).dtype == DType::f32 &&
           !graph_.value(id).constant;
  }

  /// The lowest type in which the node can store its results without a cast.
  void find_lowest(std::size_t index) {
    const Node& node = graph_.nodes[index];
    DType found = DType::f32;
    if (roles_[index] == Role::tunable) {
      found = tensor::storage_of(precisions_[index]);
    } else if (roles_[index] == Role::follows_inputs) {
      found = shared_by_inputs(node);
    }
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      // An LSTM's memory adds up over the steps, in f32.
      const bool is_memory = node.op_type == "LSTM" && k == 2;
      if (is_activation(node.outputs[k]) && !is_memory) lowest(node.outputs[k]) = found;
    }
  }

  DType shared_by_inputs(const Node& node) {
    std::optional<DType> shared;
    for (const ValueId input : node.inputs) {
      if (!is_activation(input)) continue;
      if (shared && *shared != lowest(input)) return DType::f32;
      shared = lowest(input);
    }
    return shared.value_or(DType::f32);
  }

  void decide(std::size_t index) {
    const Node& node = graph_.nodes[index];
    const Role role = roles_[index];
    NodeDtypes& dtypes = result_[index];
    DType stored = DType::f32;
    for (const ValueId output : node.outputs) {
      if (is_activation(output) && is_read_low(output)) stored = lowest(output);
    }
    for (const ValueId output : node.outputs) {
      const bool follows = is_activation(output);
      dtypes.outputs.push_back(output == graph::no_value ? DType::f32
                               : !follows                ? graph_.value(output).dtype
                               : role == Role::tunable && !is_read_low(output) ? DType::f32
                                                                               : stored);
    }
    dtypes.source = role == Role::tunable          ? tensor::storage_of(precisions_[index])
                    : role == Role::follows_inputs ? stored
                                                   : DType::f32;
    for (const ValueId input : node.inputs) read(input, dtypes.source);
    for (const graph::PostOp& post_op : node.post_ops) {
      read(post_op.operand, post_op.kind == graph::PostOp::Kind::sum ? stored : DType::f32);
    }
  }

  void read(ValueId id, DType dtype) {
    if (is_activation(id) && dtype != DType::f32 && dtype == lowest(id)) {
      is_read_low_[static_cast<std::size_t>(id)] = true;
    }
  }

  const Graph& graph_;
  std::vector<Role> roles_;
  std::vector<Precision> precisions_;
  std::vector<DType> lowest_;
  std::vector<bool> is_read_low_;
  std::vector<NodeDtypes> result_;
};

}  // namespace

Precision precision_of(const Graph& graph, const Node& node, const Assignment& assignment) {
  const auto named = assignment.find(node.name);
  const Precision wanted = named != assignment.end() ? named->second : Precision::fp32;
  if (wanted == Precision::fp32 || has_empty_value(graph, node)) return Precision::fp32;
  const std::vector<Precision> offered = offered_precisions(graph, node);
  if (std::find(offered.begin(), offered.end(), wanted) != offered.end()) return wanted;
  throw graph::NodeError(node, "has no kernel in " + std::string(to_string(wanted)) + " here",
                         ErrorCode::unsupported);
}

std::vector<NodeDtypes> assign_dtypes(const Graph& graph, const Assignment& assignment) {
  return DtypeAssigner(graph, assignment).run();
}

}  // namespace ampd::engine
