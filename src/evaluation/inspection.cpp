#include "evaluation/inspection.hpp"

#include <algorithm>
#include <set>

#include "ampd/error.hpp"
#include "graph/rounded_inputs.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::evaluation {
namespace {

const tensor::Tensor* constant_of(const graph::Graph& graph, graph::ValueId id) {
  if (id == graph::no_value || !graph.value(id).constant) return nullptr;
  const tensor::Tensor& constant = *graph.value(id).constant;
  return tensor::is_floating(constant.dtype()) ? &constant : nullptr;
}

/// Numbers in constants, each constant counted for the first operator that reads it.
class WeightCensus {
 public:
  explicit WeightCensus(const graph::Graph& graph) : graph_(graph) {}

  std::int64_t count_weights(const graph::Node& node) {
    std::int64_t count = 0;
    for (const std::size_t slot : graph::rounded_inputs(node.op_type)) {
      if (slot < node.inputs.size()) count += count_constant(node.inputs[slot]);
    }
    return count;
  }

  std::int64_t count_others() {
    std::int64_t count = 0;
    for (const graph::Node& node : graph_.nodes) {
      for (const graph::ValueId id : node.inputs) count += count_constant(id);
      for (const graph::PostOp& post_op : node.post_ops) count += count_constant(post_op.operand);
    }
    return count;
  }

 private:
  std::int64_t count_constant(graph::ValueId id) {
    const tensor::Tensor* constant = constant_of(graph_, id);
    return constant != nullptr && counted_.insert(id).second ? constant->size() : 0;
  }

  const graph::Graph& graph_;
  std::set<graph::ValueId> counted_;
};

std::vector<ValueInfo> describe_values(const graph::Graph& graph,
                                       const std::vector<graph::ValueId>& ids) {
  std::vector<ValueInfo> values;
  for (const graph::ValueId id : ids) {
    const graph::Value& value = graph.value(id);
    values.push_back(
        {value.name, value.dtype, value.shape.value_or(tensor::Shape{}), value.symbols});
  }
  return values;
}

bool offers(const std::vector<Precision>& offered, Precision precision) {
  return std::ranges::find(offered, precision) != offered.end();
}

std::vector<OpInfo> describe_ops(const SpecialGraph& special) {
  std::vector<OpInfo> ops;
  for (const graph::Node& node : special.graph.nodes) {
    const engine::Cost cost = engine::cost(special.graph, node);
    const auto offered = special.offered.find(node.name);
    ops.push_back({node.name, node.op_type,
                   offered == special.offered.end() ? std::vector<Precision>{} : offered->second,
                   cost.flops, cost.bytes, node.absorbed});
  }
  return ops;
}

}  // namespace

TuningSpace tuning_space(const SpecialGraph& special, Precision target) {
  TuningSpace space;
  space.target = target;
  WeightCensus census(special.graph);
  for (const graph::Node& node : special.graph.nodes) {
    const auto offered = special.offered.find(node.name);
    if (offered == special.offered.end() || !offers(offered->second, target)) continue;
    space.ops.push_back(
        {node.name, node.op_type, offered->second, std::nullopt, census.count_weights(node)});
  }
  space.other_weight_count = census.count_others();
  return space;
}

Inspection inspect(Model& model, Precision target, const Shapes& shapes) {
  const graph::Graph& imported = model.imported();
  Inspection found;
  for (const graph::Node& node : imported.nodes) {
    if (node.domain.empty()) found.opset = node.opset;
  }
  found.external_files = imported.external_files;
  found.space.target = target;
  found.inputs = describe_values(imported, imported.inputs);
  found.outputs = describe_values(imported, imported.outputs);
  found.unsupported = model.unsupported(shapes);
  found.missing_feature = engine::missing_feature(target);
  if (!found.unsupported.empty()) return found;
  graph::Graph inferred = imported;
  graph::infer_shapes(inferred);
  found.outputs = describe_values(inferred, inferred.outputs);
  const auto special = model.graph(shapes);
  for (std::size_t i = 0; i < found.outputs.size(); ++i) {
    if (inferred.value(inferred.outputs[i]).shape) continue;
    const graph::Value& output = special->graph.value(special->graph.outputs[i]);
    if (output.shape) found.outputs[i].shape = *output.shape;
  }
  found.ops = describe_ops(*special);
  found.space = tuning_space(*special, target);
  return found;
}

std::int64_t model_bytes(const TuningSpace& space, const Precisions& precisions) {
  std::int64_t bytes = space.other_weight_count * size_bytes(Precision::fp32);
  for (const TunableOp& op : space.ops) {
    const auto found = precisions.find(op.name);
    bytes +=
        op.weight_count * size_bytes(found == precisions.end() ? Precision::fp32 : found->second);
  }
  return bytes;
}

Precisions all_in(const SpecialGraph& special, Precision precision) {
  Precisions precisions;
  for (const auto& [name, offered] : special.offered) {
    if (offers(offered, precision)) precisions[name] = precision;
  }
  return precisions;
}

void check_precisions(const SpecialGraph& special, const Precisions& precisions,
                      const std::string& model_name) {
  for (const auto& [name, precision] : precisions) {
    const auto offered = special.offered.find(name);
    if (offered == special.offered.end()) {
      throw Error(ErrorCode::invalid, "the config names the operator " + name +
                                          ", which is no tunable one of the model " + model_name);
    }
    if (!offers(offered->second, precision)) {
      throw Error(ErrorCode::invalid, "the config puts the operator " + name + " of the model " +
                                          model_name + " in " + std::string(to_string(precision)) +
                                          ", which is not offered for it here");
    }
  }
}

}  // namespace ampd::evaluation
