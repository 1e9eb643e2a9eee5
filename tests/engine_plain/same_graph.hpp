// Compares two graphs as the engine sees them: nodes with names, operators and attributes, how
// values flow, every constant bit by bit. Names of values and of absorbed nodes may differ.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "graph/graph.hpp"

class GraphComparison {
 public:
  GraphComparison(const ampd::graph::Graph& left, const ampd::graph::Graph& right)
      : left_(left), right_(right) {}

  /// The first difference, or nothing.
  std::string run() {
    if (left_.nodes.size() != right_.nodes.size()) {
      return std::to_string(left_.nodes.size()) + " and " + std::to_string(right_.nodes.size()) +
             " nodes";
    }
    if (!same_values(left_.inputs, right_.inputs)) return "the inputs";
    for (std::size_t i = 0; i < left_.nodes.size(); ++i) {
      const std::string found = compare(left_.nodes[i], right_.nodes[i]);
      if (!found.empty()) return left_.nodes[i].name + ": " + found;
    }
    return same_values(left_.outputs, right_.outputs) ? "" : "the outputs";
  }

 private:
  using ValueIds = std::vector<ampd::graph::ValueId>;

  std::string compare(const ampd::graph::Node& a, const ampd::graph::Node& b) {
    if (a.name != b.name) return "the other is named " + b.name;
    if (a.op_type != b.op_type) return "operators " + a.op_type + " and " + b.op_type;
    if (a.stored_precision != b.stored_precision) return "stored precisions";
    if (!same_attributes(a.attributes, b.attributes)) return "attributes";
    if (!same_values(a.inputs, b.inputs)) return "inputs";
    if (a.post_ops.size() != b.post_ops.size()) return "the number of post-ops";
    for (std::size_t i = 0; i < a.post_ops.size(); ++i) {
      const ampd::graph::PostOp& x = a.post_ops[i];
      const ampd::graph::PostOp& y = b.post_ops[i];
      if (x.kind != y.kind || x.op_type != y.op_type || !same_value(x.operand, y.operand) ||
          !same_attributes(x.attributes, y.attributes)) {
        return "post-op " + std::to_string(i);
      }
    }
    return same_values(a.outputs, b.outputs) ? "" : "outputs";
  }

  bool same_values(const ValueIds& a, const ValueIds& b) {
    return std::ranges::equal(a, b, [this](auto x, auto y) { return same_value(x, y); });
  }

  /// Values that are not constant correspond where they are first met.
  bool same_value(ampd::graph::ValueId a, ampd::graph::ValueId b) {
    if (a == ampd::graph::no_value || b == ampd::graph::no_value) return a == b;
    const ampd::graph::Value& x = left_.value(a);
    const ampd::graph::Value& y = right_.value(b);
    if (x.dtype != y.dtype || x.shape != y.shape) return false;
    if (x.constant.has_value() != y.constant.has_value()) return false;
    if (x.constant) return std::ranges::equal(x.constant->bytes(), y.constant->bytes());
    return partners_.emplace(a, b).first->second == b;
  }

  static bool same_attributes(const ampd::graph::Attributes& a, const ampd::graph::Attributes& b) {
    return std::ranges::equal(a.all(), b.all(), [](const auto& x, const auto& y) {
      const auto* left = std::get_if<ampd::tensor::Tensor>(&x.second);
      const auto* right = std::get_if<ampd::tensor::Tensor>(&y.second);
      if (x.first != y.first || (left != nullptr) != (right != nullptr)) return false;
      if (left == nullptr) return same_plain(x.second, y.second);
      return left->dtype() == right->dtype() && left->shape() == right->shape() &&
             std::ranges::equal(left->bytes(), right->bytes());
    });
  }

  static bool same_plain(const ampd::graph::Attribute& a, const ampd::graph::Attribute& b) {
    if (a.index() != b.index()) return false;
    return std::visit(
        [&b]<class T>(const T& value) {
          if constexpr (std::is_same_v<T, ampd::tensor::Tensor>)
            return true;
          else
            return value == std::get<T>(b);
        },
        a);
  }

  const ampd::graph::Graph& left_;
  const ampd::graph::Graph& right_;
  std::map<ampd::graph::ValueId, ampd::graph::ValueId> partners_;
};

inline std::string graph_difference(const ampd::graph::Graph& left,
                                    const ampd::graph::Graph& right) {
  return GraphComparison(left, right).run();
}
