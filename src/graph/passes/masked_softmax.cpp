// Joins what an attention does between its two products: three passes over the scores become one.
//
//   scores ---> Div c | Mul c ---> Add mask ---> Softmax over the last axis
//
//   scores ---> MaskedSoftmax (scale 1 / c | c; mask)
//
//   scores ---> Div c | Mul c ---> Where (condition, scores, -large) ---> Softmax
//
//   scores ---> MaskedSoftmax (scale 1 / c | c; mask = Where (condition, 0, -large))
//
// The mask is broadcast to the scores; the scale may be missing; several masks, of both kinds, are
// summed up. A scale without a mask is left to the product before it. A number is large when
// finite scores vanish beside it, or when exponents of it do and each row keeps a score. The fused
// node is named like the Softmax.
#include <algorithm>
#include <cmath>

#include "graph/newest_form.hpp"
#include "graph/node_names.hpp"
#include "graph/node_types.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/scalar.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

constexpr double absorbing = 1e30;  // a sum with any sensible score is this number again
constexpr double vanishing = 1e4;   // its exponent is 0 beside any sensible score's

/// Scores between which and a number a condition chooses.
struct Choice {
  std::size_t node;
  std::size_t slot;  // of the scores
  double other;
};

class MaskedSoftmaxPass {
 public:
  MaskedSoftmaxPass(Graph& graph, const NodeEvaluator& evaluate)
      : graph_(graph), evaluate_(evaluate), rewriter_(graph) {}

  void run() {
    for (const Node& node : graph_.nodes) names_.reserve(node.name);
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
    std::set<std::size_t> pattern{index};
    std::vector<ValueId> masks;
    ValueId scores = graph_.nodes[index].inputs[0];
    for (;;) {
      const std::optional<std::size_t> maker = private_producer(scores);
      if (!maker) break;
      if (const std::optional<std::size_t> slot = scores_slot(*maker)) {
        masks.push_back(graph_.nodes[*maker].inputs[1 - *slot]);
        scores = graph_.nodes[*maker].inputs[*slot];
      } else if (const std::optional<Choice> choice = choice_at(scores)) {
        masks.push_back(sum_of(*choice, index));
        scores = graph_.nodes[*maker].inputs[choice->slot];
      } else {
        break;
      }
      pattern.insert(*maker);
    }
    if (masks.empty()) return;
    while (masks.size() > 1) {
      const ValueId last = masks.back();
      masks.pop_back();
      masks.back() = made("Add", {masks.back(), last}, index);
    }
    const auto [source, scale] = without_scale(scores, pattern);
    Node fused;
    fused.name = graph_.nodes[index].name;
    fused.op_type = "MaskedSoftmax";
    fused.opset = fused_opset;
    fused.attributes.set("scale", scale);
    fused.inputs = {source, masks.front()};
    rewriter_.fuse(pattern, index, std::move(fused));
  }

  std::optional<Choice> choice_at(ValueId id) const {
    const std::optional<std::size_t> maker = private_producer(id);
    if (!maker || graph_.nodes[*maker].op_type != "Where") return std::nullopt;
    const Node& node = graph_.nodes[*maker];
    for (const std::size_t slot : {1, 2}) {
      const std::optional<double> other = number_of(rewriter_.constant(node.inputs[3 - slot]));
      const bool fits = other && is_known(node.inputs[slot]) && is_known(id) &&
                        graph_.value(node.inputs[slot]).shape == graph_.value(id).shape &&
                        is_mask(node.inputs[0], slot == 1, *other);
      if (fits) return Choice{*maker, slot, *other};
    }
    return std::nullopt;
  }

  /// The number that all elements are.
  static std::optional<double> number_of(const Tensor* constant) {
    if (constant == nullptr || constant->size() == 0 || constant->dtype() != DType::f32) {
      return std::nullopt;
    }
    const auto values = constant->values<float>();
    const bool is_uniform =
        std::ranges::all_of(values, [&](float each) { return each == values[0]; });
    return is_uniform ? std::optional<double>(values[0]) : std::nullopt;
  }

  /// Whether a sum with `other` hides what the condition does not keep.
  bool is_mask(ValueId condition, bool kept, double other) const {
    const std::optional<tensor::Shape>& shape = graph_.value(condition).shape;
    if (!shape || !tensor::is_known(*shape)) return false;
    if (other <= -absorbing) return true;
    return other <= -vanishing && keeps_some_of_each_row(rewriter_.constant(condition), kept);
  }

  static bool keeps_some_of_each_row(const Tensor* condition, bool kept) {
    if (condition == nullptr || condition->shape().empty() || condition->size() == 0) return false;
    const auto values = condition->values<bool>();
    const auto columns = static_cast<std::size_t>(condition->shape().back());
    for (std::size_t row = 0; row < values.size(); row += columns) {
      const auto part = values.subspan(row, columns);
      if (std::ranges::find(part, kept) == part.end()) return false;
    }
    return true;
  }

  /// The mask that a sum needs for the same choice.
  ValueId sum_of(const Choice& choice, std::size_t index) {
    const std::string& name = graph_.nodes[choice.node].name;
    const auto constant = [&](const char* role, float value) {
      return rewriter_.add_constant(name + "/" + role, Tensor::of<float>({}, {value}));
    };
    const ValueId kept = constant("kept", 0);
    const ValueId hidden = constant("hidden", static_cast<float>(choice.other));
    const ValueId condition = graph_.nodes[choice.node].inputs[0];
    if (choice.slot == 1) return made("Where", {condition, kept, hidden}, index);
    return made("Where", {condition, hidden, kept}, index);
  }

  /// The result of a node of float32: at once if its inputs are constant, else of one that is put
  /// before `index`.
  ValueId made(const char* op_type, std::vector<ValueId> inputs, std::size_t index) {
    Node node;
    node.name = names_.make_unique(graph_.nodes[index].name + "/" + op_type);
    node.op_type = op_type;
    node.opset = newest_opset;
    node.inputs = std::move(inputs);
    node.outputs = {rewriter_.add_value(node.name, DType::f32, std::nullopt)};
    infer_node(graph_, node);
    std::vector<const Tensor*> constants;
    for (const ValueId id : node.inputs) constants.push_back(rewriter_.constant(id));
    const bool is_constant = std::ranges::find(constants, nullptr) == constants.end();
    std::optional<std::vector<Tensor>> results;
    if (is_constant && evaluate_) results = evaluate_(graph_, node, constants);
    if (results) return rewriter_.add_constant(node.name, results->front());
    const ValueId result = node.outputs[0];
    rewriter_.insert_before(index, std::move(node));
    return result;
  }

  /// Which summand the scores are: one of the sum's shape, rather a product, scaled or not.
  std::optional<std::size_t> scores_slot(std::size_t add) const {
    const Node& node = graph_.nodes[add];
    if (node.op_type != "Add") return std::nullopt;
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
    if (const auto choice = choice_at(id)) id = graph_.nodes[choice->node].inputs[choice->slot];
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
  const NodeEvaluator& evaluate_;
  Rewriter rewriter_;
  NodeNames names_;
};

}  // namespace

void apply_masked_softmax(Graph& graph, const NodeEvaluator& evaluate) {
  MaskedSoftmaxPass(graph, evaluate).run();
}

}  // namespace ampd::graph
