// What a pass changes a graph through: who makes and who reads each value, kept true by every edit.
//
// Node indices stay valid until `finish`, which drops the removed nodes. One rewriter per graph at
// a time; the graph must not be changed behind its back.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

class Rewriter {
 public:
  explicit Rewriter(Graph& graph);

  Graph& graph() { return graph_; }
  std::size_t node_count() const { return graph_.nodes.size(); }
  Node& node(std::size_t index) { return graph_.nodes.at(index); }
  bool is_removed(std::size_t index) const { return removed_.at(index); }

  /// None for inputs and constants.
  std::optional<std::size_t> producer(ValueId id) const;

  /// Whether exactly one node reads the value, once, and the graph does not give it out.
  bool is_private(ValueId id) const;

  /// The node that reads a private value; none for others.
  std::optional<std::size_t> only_reader(ValueId id) const;

  /// The nodes that read the value, once per use.
  std::span<const std::size_t> readers(ValueId id) const {
    return readers_.at(static_cast<std::size_t>(id));
  }

  /// Whether any node reads the value, or the graph gives it out.
  bool is_read(ValueId id) const {
    return is_output(id) || !readers_.at(static_cast<std::size_t>(id)).empty();
  }

  bool is_output(ValueId id) const { return is_output_.at(static_cast<std::size_t>(id)); }

  /// The tensor of a constant value; null for others and for no_value.
  const tensor::Tensor* constant(ValueId id) const;

  ValueId add_constant(std::string name, tensor::Tensor value);
  ValueId add_value(const std::string& name, tensor::DType dtype,
                    std::optional<tensor::Shape> shape);

  void set_input(std::size_t index, std::size_t slot, ValueId id);
  void add_post_op(std::size_t index, PostOp post_op);

  /// Node `index` makes `id` as its output from now on; nothing makes the former one.
  void set_output(std::size_t index, ValueId id, std::size_t slot = 0);

  /// Everything that reads `from` reads `to` instead; not for outputs of the graph.
  void redirect(ValueId from, ValueId to);

  void remove(std::size_t index);

  /// Removes `index` and lets `into`, whose result it alone read, make its output. The name is kept
  /// in `absorbed`.
  void absorb(std::size_t into, std::size_t index);

  /// Whether nobody outside of the pattern reads what its nodes make, but for the result of `root`.
  bool is_closed(const std::set<std::size_t>& pattern, std::size_t root) const;

  /// Puts one node in the place of a closed pattern's `root`: it makes the root's output, and keeps
  /// the names of the pattern in `absorbed`, but for its own.
  void fuse(const std::set<std::size_t>& pattern, std::size_t root, Node fused);

  /// Removes `index` and turns its first output into a constant.
  void replace_by_constant(std::size_t index, tensor::Tensor value);

  /// New nodes that stand right before (after) node `index` once finished.
  void insert_before(std::size_t index, Node node);
  void insert_after(std::size_t index, Node node);

  void finish();

 private:
  void add_reader(ValueId id, std::size_t index);
  void drop_reader(ValueId id, std::size_t index);
  void grow();

  Graph& graph_;
  std::vector<std::optional<std::size_t>> producers_;
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<bool> is_output_;
  std::vector<bool> removed_;
  std::vector<std::vector<Node>> before_;
  std::vector<std::vector<Node>> after_;
};

}  // namespace ampd::graph
