// Joins transposes that follow one another, and takes out those that leave every axis in its place.
//
//   x ---> Transpose 0 2 3 1 ---> Transpose 0 3 1 2 ---> Relu
//   x ---> Transpose 1 0 2 ---> Transpose 0 2 1 ---> Relu
//
//   x ---> Relu
//   x ---> Transpose 1 2 0 ---> Relu
#include <algorithm>
#include <numeric>

#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

using Axes = std::vector<std::int64_t>;

class TransposesPass {
 public:
  explicit TransposesPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (!is_transpose(index)) continue;
      join(index);
      take_out(index);
    }
    rewriter_.finish();
  }

 private:
  bool is_transpose(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    return node.op_type == "Transpose" && graph_.value(node.inputs[0]).shape.has_value();
  }

  /// Axis i of the result is axis `[i]` of the input.
  Axes axes_of(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    Axes axes = node.attributes.integers("perm");
    if (axes.empty()) {
      axes.resize(graph_.value(node.inputs[0]).shape->size());
      std::iota(axes.rbegin(), axes.rend(), 0);
    }
    return axes;
  }

  void join(std::size_t index) {
    const ValueId between = graph_.nodes[index].inputs[0];
    const std::optional<std::size_t> first = rewriter_.producer(between);
    if (!first || !is_transpose(*first)) return;
    const Axes inner = axes_of(*first);
    Axes joined = axes_of(index);
    for (std::int64_t& axis : joined) axis = inner.at(static_cast<std::size_t>(axis));
    Node& node = rewriter_.node(index);
    node.attributes.set("perm", std::move(joined));
    rewriter_.set_input(index, 0, graph_.nodes[*first].inputs[0]);
    if (rewriter_.is_read(between)) return;
    const Node& gone = graph_.nodes[*first];
    node.absorbed.insert(node.absorbed.end(), gone.absorbed.begin(), gone.absorbed.end());
    node.absorbed.push_back(gone.name);
    rewriter_.remove(*first);
  }

  void take_out(std::size_t index) {
    const Axes axes = axes_of(index);
    const ValueId output = graph_.nodes[index].outputs[0];
    if (!std::ranges::is_sorted(axes) || rewriter_.is_output(output)) return;
    const ValueId input = graph_.nodes[index].inputs[0];
    rewriter_.remove(index);
    rewriter_.redirect(output, input);
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_transposes(Graph& graph, const NodeEvaluator&) {
  TransposesPass(graph).run();
}

}  // namespace ampd::graph
