// Turns Constant nodes into constants and takes out nodes that do nothing in inference.
//
//   Constant ---> Add          x ---> Identity | Dropout | Cast to x's type ---> Relu
//
//   (constant) -> Add          x ---> Relu
#include "graph/constant_node.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

bool does_nothing(Rewriter& rewriter, const Node& node) {
  const Graph& graph = rewriter.graph();
  if (node.op_type == "Identity") return true;
  if (node.op_type == "Dropout") {
    const bool gives_mask = node.outputs.size() > 1 && node.outputs[1] != no_value;
    return !gives_mask || !rewriter.is_read(node.outputs[1]);
  }
  if (node.op_type == "Cast") {
    return graph.value(node.inputs[0]).dtype == graph.value(node.outputs[0]).dtype;
  }
  if (node.op_type == "Concat" || node.op_type == "Sum" || node.op_type == "Max" ||
      node.op_type == "Min" || node.op_type == "Mean") {
    return node.inputs.size() == 1;
  }
  return false;
}

/// An output of the graph keeps its name: then the node before makes it, if that is possible.
void bypass(Rewriter& rewriter, std::size_t index) {
  const ValueId input = rewriter.node(index).inputs[0];
  const ValueId output = rewriter.node(index).outputs[0];
  if (!rewriter.is_output(output)) {
    rewriter.remove(index);
    rewriter.redirect(output, input);
    return;
  }
  const std::optional<std::size_t> producer = rewriter.producer(input);
  if (!producer || rewriter.is_output(input) || rewriter.node(*producer).outputs[0] != input) {
    return;
  }
  rewriter.remove(index);
  rewriter.redirect(input, output);
  rewriter.set_output(*producer, output);
}

}  // namespace

void apply_constants(Graph& graph, const NodeEvaluator&) {
  Rewriter rewriter(graph);
  for (std::size_t index = 0; index < rewriter.node_count(); ++index) {
    const Node& node = rewriter.node(index);
    if (node.op_type == "Constant") {
      if (std::optional<tensor::Tensor> value = constant_tensor(node)) {
        rewriter.replace_by_constant(index, std::move(*value));
      }
    } else if (does_nothing(rewriter, node)) {
      bypass(rewriter, index);
    }
  }
  rewriter.finish();
}

}  // namespace ampd::graph
