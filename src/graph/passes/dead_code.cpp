// Drops nodes whose results nobody reads, and values that nothing refers to.
//
//   x ---> Relu ---> (output)        x ---> Relu ---> (output)
//     \--> Shape                     (weights that were replaced go too)
#include "graph/passes/pass_list.hpp"

namespace ampd::graph {
namespace {

class Sweep {
 public:
  explicit Sweep(Graph& graph) : graph_(graph), read_(graph.values.size(), false) {}

  void run() {
    for (const ValueId id : graph_.inputs) mark(id);
    for (const ValueId id : graph_.outputs) mark(id);
    std::vector<Node> kept;
    for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
      if (!is_read(*node)) continue;
      for (const ValueId id : node->inputs) mark(id);
      for (const PostOp& post_op : node->post_ops) mark(post_op.operand);
      kept.push_back(std::move(*node));
    }
    graph_.nodes.assign(std::make_move_iterator(kept.rbegin()),
                        std::make_move_iterator(kept.rend()));
    renumber();
  }

 private:
  void mark(ValueId id) {
    if (id != no_value) read_[static_cast<std::size_t>(id)] = true;
  }

  /// An output that nobody reads becomes absent, unless it is the node's first.
  bool is_read(Node& node) {
    bool any = false;
    for (const ValueId id : node.outputs) {
      any |= id != no_value && read_[static_cast<std::size_t>(id)];
    }
    if (!any) return false;
    mark(node.outputs[0]);
    for (ValueId& id : node.outputs) {
      if (id != no_value && !read_[static_cast<std::size_t>(id)]) id = no_value;
    }
    while (node.outputs.back() == no_value) node.outputs.pop_back();
    return true;
  }

  void renumber() {
    std::vector<ValueId> numbers(graph_.values.size(), no_value);
    std::vector<Value> values;
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      if (!read_[i]) continue;
      numbers[i] = static_cast<ValueId>(values.size());
      values.push_back(std::move(graph_.values[i]));
    }
    const auto update = [&numbers](ValueId& id) {
      if (id != no_value) id = numbers[static_cast<std::size_t>(id)];
    };
    for (Node& node : graph_.nodes) {
      for (ValueId& id : node.inputs) update(id);
      for (ValueId& id : node.outputs) update(id);
      for (PostOp& post_op : node.post_ops) update(post_op.operand);
    }
    for (ValueId& id : graph_.inputs) update(id);
    for (ValueId& id : graph_.outputs) update(id);
    graph_.values = std::move(values);
  }

  Graph& graph_;
  std::vector<bool> read_;
};

}  // namespace

void apply_dead_code(Graph& graph, const NodeEvaluator&) {
  Sweep(graph).run();
}

}  // namespace ampd::graph
