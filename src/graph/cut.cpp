#include "graph/cut.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::graph {
namespace {

enum class Part : std::uint8_t { first, selection, rest };

std::vector<ValueId> read_by(const Node& node) {
  std::vector<ValueId> ids = node.inputs;
  for (const PostOp& post_op : node.post_ops) ids.push_back(post_op.operand);
  std::erase(ids, no_value);
  return ids;
}

class Cutter {
 public:
  explicit Cutter(Graph graph)
      : graph_(std::move(graph)),
        parts_(graph_.nodes.size(), Part::rest),
        is_computable_(graph_.values.size(), false),
        makers_(graph_.producers()) {}

  Cut run() {
    find_open_nodes();
    for (const ValueId id : deciding_) need(id);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i] != Part::selection) continue;
      for (const ValueId id : read_by(graph_.nodes[i])) need(id);
    }
    make_names_unique();
    Cut result;
    result.first = part(Part::first, graph_.inputs, given_out_by(Part::first));
    const std::vector<ValueId> selected = given_out_by(Part::selection);
    result.selection = part(Part::selection, taken_by(Part::selection), selected);
    result.rest = part(Part::rest, taken_by(Part::rest), outputs_left());
    for (const ValueId id : deciding_) result.deciding.insert(graph_.value(id).name);
    return result;
  }

 private:
  std::optional<std::size_t> maker(ValueId id) const {
    return makers_[static_cast<std::size_t>(id)];
  }

  bool is_known(const Node& node) const {
    return std::ranges::all_of(node.outputs, [this](ValueId id) {
      return id == no_value ||
             (graph_.value(id).shape && tensor::is_known(*graph_.value(id).shape));
    });
  }

  /// An open node counts once all that it needs can be computed: those behind it have to wait.
  void find_open_nodes() {
    for (const ValueId id : graph_.inputs) is_computable_[static_cast<std::size_t>(id)] = true;
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      if (graph_.values[i].constant) is_computable_[i] = true;
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      const bool waits = std::ranges::any_of(read_by(node), [this](ValueId id) {
        return !is_computable_[static_cast<std::size_t>(id)];
      });
      if (waits) continue;
      if (is_known(node)) {
        for (const ValueId id : node.outputs) {
          if (id != no_value) is_computable_[static_cast<std::size_t>(id)] = true;
        }
        continue;
      }
      const std::vector<ValueId> ids = deciding_inputs(graph_, node);
      deciding_.insert(ids.begin(), ids.end());
      if (ids.empty()) parts_[i] = Part::selection;
    }
  }

  /// What makes the value, and all before it, runs first.
  void need(ValueId wanted) {
    std::vector<ValueId> open{wanted};
    while (!open.empty()) {
      const std::optional<std::size_t> index = maker(open.back());
      open.pop_back();
      if (!index || parts_[*index] == Part::first) continue;
      AMPD_CHECK(parts_[*index] == Part::rest);
      parts_[*index] = Part::first;
      const std::vector<ValueId> ids = read_by(graph_.nodes[*index]);
      open.insert(open.end(), ids.begin(), ids.end());
    }
  }

  /// Values go from part to part by name, and passes may have made two of one name.
  void make_names_unique() {
    std::set<std::string> taken;
    std::set<ValueId> kept(graph_.inputs.begin(), graph_.inputs.end());
    kept.insert(graph_.outputs.begin(), graph_.outputs.end());
    for (const ValueId id : kept) taken.insert(graph_.value(id).name);
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      if (kept.contains(static_cast<ValueId>(i))) continue;
      std::string& name = graph_.values[i].name;
      const std::string wanted = name;
      for (int number = 2; !taken.insert(name).second; ++number) {
        name = wanted + "_" + std::to_string(number);
      }
    }
  }

  /// The values that nodes of other parts make, or the caller, and nodes of this part read.
  std::vector<ValueId> taken_by(Part part) const {
    std::set<ValueId> ids;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i] != part) continue;
      for (const ValueId id : read_by(graph_.nodes[i])) {
        if (!graph_.value(id).constant && (!maker(id) || parts_[*maker(id)] != part)) {
          ids.insert(id);
        }
      }
    }
    return {ids.begin(), ids.end()};
  }

  /// The values that nodes of this part make, and others or the caller need.
  std::vector<ValueId> given_out_by(Part part) const {
    std::set<ValueId> ids(deciding_);
    ids.insert(graph_.outputs.begin(), graph_.outputs.end());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i] == part) continue;
      for (const ValueId id : read_by(graph_.nodes[i])) ids.insert(id);
    }
    std::erase_if(ids, [&](ValueId id) { return !maker(id) || parts_[*maker(id)] != part; });
    return {ids.begin(), ids.end()};
  }

  /// Those that an input is, the caller has already.
  std::vector<ValueId> outputs_left() const {
    std::vector<ValueId> ids;
    for (const ValueId id : graph_.outputs) {
      const bool is_made = maker(id) && parts_[*maker(id)] != Part::rest;
      if (!is_made && (maker(id) || graph_.value(id).constant)) ids.push_back(id);
    }
    return ids;
  }

  Graph part(Part wanted, std::vector<ValueId> inputs, std::vector<ValueId> outputs) const {
    Graph result = graph_;
    result.inputs = std::move(inputs);
    result.outputs = std::move(outputs);
    result.nodes.clear();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i] == wanted) result.nodes.push_back(graph_.nodes[i]);
    }
    apply_dead_code(result, {});
    verify(result, "a cut");
    return result;
  }

  Graph graph_;
  std::vector<Part> parts_;
  std::vector<bool> is_computable_;
  std::vector<std::optional<std::size_t>> makers_;
  std::set<ValueId> deciding_;
};

}  // namespace

Cut cut(Graph graph) {
  return Cutter(std::move(graph)).run();
}

Graph with_one_node(const Graph& graph, const Node& node) {
  Graph result;
  result.name = graph.name;
  Node copy = node;
  std::map<ValueId, ValueId> numbers;
  const auto take = [&](ValueId& id) {
    if (id == no_value) return false;
    const auto [known, is_new] =
        numbers.try_emplace(id, static_cast<ValueId>(result.values.size()));
    if (is_new) result.values.push_back(graph.value(id));
    id = known->second;
    return is_new;
  };
  for (ValueId& id : copy.inputs) {
    if (take(id) && !result.value(id).constant) result.inputs.push_back(id);
  }
  for (ValueId& id : copy.outputs) {
    if (take(id)) result.outputs.push_back(id);
  }
  copy.post_ops.clear();
  result.nodes.push_back(std::move(copy));
  return result;
}

}  // namespace ampd::graph
