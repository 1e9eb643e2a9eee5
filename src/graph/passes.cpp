#include "graph/passes.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "ampd/error.hpp"
#include "graph/control_flow.hpp"
#include "graph/node_error.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::graph {
namespace {

constexpr std::array passes{
    Pass{"dead_code", apply_dead_code, true},
    Pass{"constants", apply_constants, true},
    Pass{"fold_constants", apply_fold_constants, true},
    Pass{"cast_pairs", apply_cast_pairs, true},
    Pass{"gemm", apply_gemm, true},
    Pass{"channel_scales", apply_channel_scales, true},
    Pass{"pads", apply_pads, false},
    Pass{"clips", apply_clips, false},
    Pass{"transposes", apply_transposes, false},
    Pass{"layer_normalization", apply_layer_normalization, false},
    Pass{"gated_activations", apply_gated_activations, false},
    Pass{"global_pools", apply_global_pools, false},
    Pass{"product_scales", apply_product_scales, false},
    Pass{"masked_softmax", apply_masked_softmax, false},
    Pass{"post_ops", apply_post_ops, false},
    Pass{"transposed_products", apply_transposed_products, false},
    Pass{"dead_code", apply_dead_code, true},
};

using Symbols = std::map<std::string, std::int64_t, std::less<>>;

[[noreturn]] void fail(const Value& input, const std::string& what) {
  throw Error(ErrorCode::invalid, "the input " + input.name + " " + what);
}

void fix_shape(Value& input, const tensor::Shape& wanted, Symbols& symbols) {
  if (!tensor::is_known(wanted)) {
    fail(input, "is given the open shape " + tensor::to_string(wanted));
  }
  if (input.shape) {
    bool fits = input.shape->size() == wanted.size();
    for (std::size_t axis = 0; fits && axis < wanted.size(); ++axis) {
      fits = (*input.shape)[axis] < 0 || (*input.shape)[axis] == wanted[axis];
    }
    if (!fits) {
      fail(input, "has the shape " + tensor::to_string(*input.shape) + ", which " +
                      tensor::to_string(wanted) + " does not fit");
    }
  }
  for (std::size_t axis = 0; axis < input.symbols.size(); ++axis) {
    if (!input.symbols[axis].empty()) symbols.emplace(input.symbols[axis], wanted[axis]);
  }
  input.shape = wanted;
}

/// A free extent becomes what another input gave its symbol, else 1.
void close_shape(Value& input, const Symbols& symbols) {
  if (!input.shape) fail(input, "has no shape in the model; one must be given");
  for (std::size_t axis = 0; axis < input.shape->size(); ++axis) {
    if ((*input.shape)[axis] >= 0) continue;
    const auto known = symbols.find(axis < input.symbols.size() ? input.symbols[axis] : "");
    (*input.shape)[axis] = known != symbols.end() ? known->second : 1;
  }
}

void fix_inputs(Graph& graph, const std::map<std::string, tensor::Shape>& input_shapes) {
  Symbols symbols;
  std::size_t used = 0;
  for (const ValueId id : graph.inputs) {
    const auto given = input_shapes.find(graph.value(id).name);
    if (given == input_shapes.end()) continue;
    fix_shape(graph.value(id), given->second, symbols);
    ++used;
  }
  for (const ValueId id : graph.inputs) close_shape(graph.value(id), symbols);
  if (used == input_shapes.size()) return;
  std::string names;
  for (const ValueId id : graph.inputs) names += " " + graph.value(id).name;
  for (const auto& [name, shape] : input_shapes) {
    bool found = false;
    for (const ValueId id : graph.inputs) found |= graph.value(id).name == name;
    if (!found) {
      throw Error(ErrorCode::invalid,
                  "the model " + graph.name + " has no input " + name + "; it has" + names);
    }
  }
}

bool is_open(const Graph& graph, ValueId id) {
  if (id == no_value) return false;
  const std::optional<tensor::Shape>& shape = graph.value(id).shape;
  return !shape || !tensor::is_known(*shape);
}

void bind_values(Graph& graph, const std::map<std::string, tensor::Tensor>& values) {
  std::erase_if(graph.inputs, [&](ValueId id) {
    Value& input = graph.value(id);
    const auto found = values.find(input.name);
    if (found == values.end()) return false;
    if (found->second.dtype() != input.dtype || found->second.shape() != *input.shape) {
      fail(input, "is given a value of another type or shape");
    }
    input.constant = found->second;
    return true;
  });
}

/// The portable passes that the list begins with.
std::span<const Pass> settling_passes() {
  const auto* end = std::find_if(passes.begin(), passes.end(),
                                 [](const Pass& pass) { return !pass.is_portable; });
  return {passes.begin(), end};
}

void run(const Pass& pass, Graph& graph, const NodeEvaluator& evaluate,
         const PassOptions& options) {
  pass.apply(graph, evaluate);
  verify(graph, "the pass " + std::string(pass.name));
  if (options.dump) options.dump(pass.name, graph);
}

}  // namespace

std::span<const Pass> all_passes() {
  return passes;
}

Graph settle(const Graph& graph, const std::map<std::string, tensor::Shape>& input_shapes,
             const std::map<std::string, tensor::Tensor>& values, const NodeEvaluator& evaluate,
             const PassOptions& options) {
  Graph result = graph;
  fix_inputs(result, input_shapes);
  bind_values(result, values);
  do {
    infer_shapes(result);
    verify(result, "shape inference");
    for (const Pass& pass : settling_passes()) {
      if (!options.skipped.contains(pass.name)) run(pass, result, evaluate, options);
    }
  } while (expand_control_flow(result, evaluate));
  return result;
}

const Node* find_open_node(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.outputs) {
      if (is_open(graph, id)) return &node;
    }
  }
  return nullptr;
}

Graph complete(Graph graph, const NodeEvaluator& evaluate, const PassOptions& options) {
  for (const Pass& pass : all_passes().subspan(settling_passes().size())) {
    if (!options.skipped.contains(pass.name)) run(pass, graph, evaluate, options);
  }
  return graph;
}

Graph specialise(const Graph& graph, const std::map<std::string, tensor::Shape>& input_shapes,
                 const NodeEvaluator& evaluate, const PassOptions& options) {
  Graph result = complete(settle(graph, input_shapes, {}, evaluate, options), evaluate, options);
  if (const Node* open = find_open_node(result)) {
    throw NodeError(*open, "makes a shape that depends on the data", ErrorCode::unsupported);
  }
  return result;
}

Graph simplify(const Graph& graph, const NodeEvaluator& evaluate) {
  Graph result = graph;
  do {
    infer_shapes(result);
    verify(result, "shape inference");
    for (const Pass& pass : passes) {
      if (pass.is_portable) run(pass, result, evaluate, {});
    }
  } while (expand_control_flow(result, evaluate));
  return result;
}

}  // namespace ampd::graph
