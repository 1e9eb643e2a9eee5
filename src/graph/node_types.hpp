// One node as a shape rule sees it: what is known of its inputs, and where the types of its outputs
// go.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

class NodeTypes {
 public:
  NodeTypes(Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  const Node& node() const { return node_; }
  const Attributes& attributes() const { return node_.attributes; }
  std::size_t input_count() const { return node_.inputs.size(); }
  std::size_t output_count() const { return node_.outputs.size(); }

  bool has(std::size_t input) const;
  bool has_output(std::size_t output) const;

  /// An input that the rule needs; an absent one is an error.
  const Value& input(std::size_t index) const;

  /// Of an input that the rule needs; an absent one is an error.
  tensor::DType dtype(std::size_t input) const;
  const std::optional<tensor::Shape>& shape(std::size_t input) const;

  /// The rank, if it is known.
  std::optional<std::size_t> rank(std::size_t input) const;

  /// Null when the input is absent or not constant.
  const tensor::Tensor* constant(std::size_t input) const;

  /// The inputs that `constant` or `integers` was asked for although they are not constant.
  const std::set<std::size_t>& missed() const { return missed_; }

  /// The elements of a constant int32 or int64 input; none when it is absent or not constant.
  std::optional<std::vector<std::int64_t>> integers(std::size_t input) const;

  /// The axis counted from the front; fails unless it lies in [-rank, rank).
  std::size_t axis(std::int64_t axis, std::size_t rank) const;

  /// Fails unless the inputs that are present have one dtype.
  void require_one_dtype(std::initializer_list<std::size_t> inputs) const;

  void set(std::size_t output, tensor::DType dtype, std::optional<tensor::Shape> shape);

  /// Throws NodeError.
  [[noreturn]] void fail(const std::string& what) const;

  /// The same for what is valid but not offered.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  Graph& graph_;
  const Node& node_;
  mutable std::set<std::size_t> missed_;
};

}  // namespace ampd::graph
