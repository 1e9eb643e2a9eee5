// Scales the result of a product instead of its operands, which leaves one factor that later work
// on the result can take in.
//
//   q ---> Mul s ---> MatMul --->                                q ---> MatMul ---> Mul s * t --->
//   k ---> Div 1 / t ---> Transpose ---^                         k ---> Transpose ---^
//
// The factors are one constant number each; nobody else reads what they scale.
#include <cmath>

#include "graph/newest_form.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/scalar.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

class ProductScalesPass {
 public:
  explicit ProductScalesPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (graph_.nodes[index].op_type != "MatMul") continue;
      std::optional<Node> scale;
      double factor = 1;
      for (const std::size_t slot : {0, 1}) take_factor(index, slot, scale, factor);
      if (scale) add_scale(index, *std::move(scale), factor);
    }
    rewriter_.finish();
  }

 private:
  std::optional<std::size_t> private_producer(ValueId id) const {
    return rewriter_.is_private(id) ? rewriter_.producer(id) : std::nullopt;
  }

  /// Takes a scaling out before an input of the product, or before the Transpose that makes it.
  void take_factor(std::size_t index, std::size_t slot, std::optional<Node>& scale,
                   double& factor) {
    std::size_t reader = index;
    std::size_t at = slot;
    std::optional<std::size_t> maker = private_producer(graph_.nodes[reader].inputs[at]);
    if (maker && graph_.nodes[*maker].op_type == "Transpose") {
      reader = *maker;
      at = 0;
      maker = private_producer(graph_.nodes[reader].inputs[0]);
    }
    if (!maker) return;
    const auto found = scaled_slot(*maker);
    if (!found) return;
    const Node& node = graph_.nodes[*maker];
    const double number = *scalar_of(rewriter_.constant(node.inputs[1 - *found]));
    const double next_factor = factor * (node.op_type == "Mul" ? number : 1 / number);
    if (!std::isfinite(static_cast<float>(next_factor))) return;
    factor = next_factor;
    Node next = node;
    if (scale) {
      next.absorbed.push_back(scale->name);
      next.absorbed.insert(next.absorbed.end(), scale->absorbed.begin(), scale->absorbed.end());
    }
    scale = std::move(next);
    rewriter_.set_input(reader, at, node.inputs[*found]);
    rewriter_.remove(*maker);
  }

  /// Which input of a Mul or Div is scaled by one number, and keeps its shape.
  std::optional<std::size_t> scaled_slot(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    const Value& result = graph_.value(node.outputs[0]);
    if (result.dtype != DType::f32 || !result.shape) return std::nullopt;
    for (const std::size_t slot : {0, 1}) {
      const bool scales = node.op_type == "Mul" || (node.op_type == "Div" && slot == 0);
      if (!scales || !scalar_of(rewriter_.constant(node.inputs[1 - slot]))) continue;
      if (graph_.value(node.inputs[slot]).shape == result.shape) return slot;
    }
    return std::nullopt;
  }

  void add_scale(std::size_t index, Node scale, double factor) {
    const ValueId result = graph_.nodes[index].outputs[0];
    const ValueId product = rewriter_.add_value(graph_.nodes[index].name + "/unscaled", DType::f32,
                                                graph_.value(result).shape);
    rewriter_.set_output(index, product);
    scale.op_type = "Mul";
    scale.opset = newest_opset;
    scale.attributes = {};
    scale.inputs = {product,
                    rewriter_.add_constant(scale.name + "/factor",
                                           Tensor::of<float>({}, {static_cast<float>(factor)}))};
    scale.outputs = {result};
    rewriter_.insert_after(index, std::move(scale));
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_product_scales(Graph& graph, const NodeEvaluator&) {
  ProductScalesPass(graph).run();
}

}  // namespace ampd::graph
