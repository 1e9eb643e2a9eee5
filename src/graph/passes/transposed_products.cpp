// Lets a product write its result in the order in which a Transpose after it lists the axes, so
// that the Transpose, and a Reshape after that, only name the bytes anew.
//
//   (heads x rows x columns) MatMul ---> Transpose 1 0 2 ---> Reshape (rows x heads * columns)
//
//   MatMul (result_order 1 0 2) ---> Transpose 1 0 2 ---> Reshape
//
// The columns stay innermost, as the kernels of products want it. Transposed operands need no pass:
// products read them where they lie.
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {

void apply_transposed_products(Graph& graph, const NodeEvaluator&) {
  const Rewriter rewriter(graph);
  for (const Node& node : graph.nodes) {
    const std::vector<std::int64_t> axes = node.attributes.integers("perm");
    if (node.op_type != "Transpose" || axes.empty() || axes.back() + 1 != std::ssize(axes)) {
      continue;
    }
    const std::optional<std::size_t> producer = rewriter.producer(node.inputs[0]);
    if (!producer || !rewriter.is_private(node.inputs[0])) continue;
    Node& product = graph.nodes[*producer];
    if (product.op_type == "MatMul") product.attributes.set("result_order", axes);
  }
}

}  // namespace ampd::graph
