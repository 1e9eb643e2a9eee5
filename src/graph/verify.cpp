#include <set>
#include <string>

#include "ampd/error.hpp"
#include "graph/graph.hpp"

namespace ampd::graph {
namespace {

class Verifier {
 public:
  Verifier(const Graph& graph, std::string_view after)
      : graph_(graph), after_(after), available_(graph.values.size(), false) {}

  void run() {
    check_values();
    for (const Node& node : graph_.nodes) check_node(node);
    for (const ValueId output : graph_.outputs) check_read(output, "the list of outputs");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::invalid, "the graph " + graph_.name + " is not well formed after " +
                                        std::string(after_) + ": " + what);
  }

  std::size_t index(ValueId id, const std::string& reader) const {
    if (id < 0 || static_cast<std::size_t>(id) >= graph_.values.size()) {
      fail(reader + " refers to value " + std::to_string(id) + ", which does not exist");
    }
    return static_cast<std::size_t>(id);
  }

  void check_values() {
    for (const ValueId input : graph_.inputs) make(input, "the list of inputs");
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& value = graph_.values[i];
      if (!value.constant) continue;
      if (available_[i]) fail("the constant " + value.name + " is also an input");
      if (value.constant->dtype() != value.dtype || !value.shape ||
          value.constant->shape() != *value.shape) {
        fail("the constant " + value.name + " differs in type or shape from its value");
      }
      available_[i] = true;
    }
  }

  void check_node(const Node& node) {
    const std::string who = "the node " + node.name;
    if (node.name.empty()) fail("a node of type " + node.op_type + " has no name");
    if (!names_.insert(node.name).second) fail("two nodes are named " + node.name);
    for (const ValueId input : node.inputs) {
      if (input != no_value) check_read(input, who);
    }
    for (const PostOp& post_op : node.post_ops) {
      const bool needs_operand = post_op.kind != PostOp::Kind::eltwise;
      if (needs_operand != (post_op.operand != no_value)) {
        fail(who + " has a post-op with a missing or needless operand");
      }
      if (needs_operand) check_read(post_op.operand, who);
    }
    if (node.outputs.empty()) fail(who + " makes nothing");
    for (const ValueId output : node.outputs) {
      if (output != no_value) make(output, who);
    }
  }

  void make(ValueId id, const std::string& maker) {
    const std::size_t i = index(id, maker);
    if (available_[i]) fail(maker + " makes " + graph_.values[i].name + " a second time");
    available_[i] = true;
  }

  void check_read(ValueId id, const std::string& reader) const {
    const std::size_t i = index(id, reader);
    if (!available_[i]) fail(reader + " reads " + graph_.values[i].name + " before it is made");
  }

  const Graph& graph_;
  std::string_view after_;
  std::vector<bool> available_;
  std::set<std::string_view> names_;
};

}  // namespace

void verify(const Graph& graph, std::string_view after) {
  Verifier(graph, after).run();
}

}  // namespace ampd::graph
