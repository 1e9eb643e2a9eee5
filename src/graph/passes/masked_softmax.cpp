// Joins what an attention does between its two products: three passes over the scores become one.
//
//   scores ---> Div c | Mul c ---> Add mask ---> Softmax over the last axis
//
//   scores ---> MaskedSoftmax (scale 1 / c | c; mask)
//
// The mask is broadcast to the scores; the scale may be missing. A scale without a mask is left to
// the product before it. The fused node is named like the Softmax.
#include <cmath>

#include "graph/newest_form.hpp"
#include "graph/node_types.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/scalar.hpp"

namespace ampd::graph {
namespace {

class MaskedSoftmaxPass {
 public:
  explicit MaskedSoftmaxPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (is_softmax_of_rows(index)) fuse(index);
    }
    rewriter_.finish();
  }

 private:
  bool is_softmax_of_rows(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    const NodeTypes types(graph_, node);
    if (node.op_type != "Softmax" || !is_known(node.inputs[0]) || types.rank(0) == 0) return false;
    return types.axis(node.attributes.integer("axis", -1), *types.rank(0)) + 1 == *types.rank(0);
  }

  bool is_known(ValueId id) const {
    const Value& value = graph_.value(id);
    return value.dtype == tensor::DType::f32 && value.shape && tensor::is_known(*value.shape);
  }

  std::optional<std::size_t> private_producer(ValueId id) const {
    return rewriter_.is_private(id) ? rewriter_.producer(id) : std::nullopt;
  }

  void fuse(std::size_t index) {
    const std::optional<std::size_t> add = private_producer(graph_.nodes[index].inputs[0]);
    if (!add || graph_.nodes[*add].op_type != "Add") return;
    const std::optional<std::size_t> slot = scores_slot(*add);
    if (!slot) return;
    std::set<std::size_t> pattern{index, *add};
    const auto [scores, scale] = without_scale(graph_.nodes[*add].inputs[*slot], pattern);
    Node fused;
    fused.name = graph_.nodes[index].name;
    fused.op_type = "MaskedSoftmax";
    fused.opset = fused_opset;
    fused.attributes.set("scale", scale);
    fused.inputs = {scores, graph_.nodes[*add].inputs[1 - *slot]};
    rewriter_.fuse(pattern, index, std::move(fused));
  }

  /// Which summand the scores are: one of the sum's shape, rather a product, scaled or not.
  std::optional<std::size_t> scores_slot(std::size_t add) const {
    const Node& node = graph_.nodes[add];
    std::optional<std::size_t> found;
    for (const std::size_t slot : {1, 0}) {
      const ValueId id = node.inputs[slot];
      const bool fits = is_known(id) && is_known(node.inputs[1 - slot]) &&
                        graph_.value(id).shape == graph_.value(node.outputs[0]).shape &&
                        rewriter_.constant(id) == nullptr;
      if (fits && (!found || is_product(id))) found = slot;
    }
    return found;
  }

  bool is_product(ValueId id) const {
    std::set<std::size_t> ignored;
    const auto producer = rewriter_.producer(without_scale(id, ignored).first);
    return producer && graph_.nodes[*producer].op_type == "MatMul";
  }

  /// What the value is before it is scaled by a constant, and that factor.
  std::pair<ValueId, float> without_scale(ValueId id, std::set<std::size_t>& pattern) const {
    const std::optional<std::size_t> producer = private_producer(id);
    if (!producer) return {id, 1.F};
    const Node& node = graph_.nodes[*producer];
    for (const std::size_t slot : {1, 0}) {
      const bool is_scale = node.op_type == "Mul" || (node.op_type == "Div" && slot == 1);
      if (!is_scale) continue;
      const auto factor = scalar_of(rewriter_.constant(node.inputs[slot]));
      const ValueId source = node.inputs[1 - slot];
      if (!factor || graph_.value(source).shape != graph_.value(id).shape) continue;
      const auto scale = static_cast<float>(node.op_type == "Mul" ? *factor : 1 / *factor);
      if (!std::isfinite(scale)) continue;
      pattern.insert(*producer);
      return {source, scale};
    }
    return {id, 1.F};
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_masked_softmax(Graph& graph, const NodeEvaluator&) {
  MaskedSoftmaxPass(graph).run();
}

}  // namespace ampd::graph
