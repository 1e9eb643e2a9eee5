// Computes what depends on constants alone, shape arithmetic included, and with it the shapes that
// follow.
//
//   x (8x3x4) ---> Shape ---> Gather 0 ---> Concat -1 ---> Reshape      ConstantOfShape ---> Conv
//         \------------------------------------------------^
//
//   x (8x3x4) ---> Reshape by the constant [8, -1]                      (constant) ---> Conv
//
// What goes beyond the budgets stays a node, so a small file can neither fill the memory nor take
// hours.
#include "base/limits.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/rounded_inputs.hpp"
#include "graph/shape_inference.hpp"

namespace ampd::graph {
namespace {

using tensor::Tensor;

constexpr double work_max = 1e13;  // bytes of weights times bytes of result: a few seconds

class Folder {
 public:
  Folder(Graph& graph, const NodeEvaluator& evaluate)
      : graph_(graph), evaluate_(evaluate), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      const Node node = rewriter_.node(index);
      infer_node(graph_, node);
      if (node.op_type == "Shape" || node.op_type == "Size") {
        fold_shape(index, node);
      } else if (is_constant(node) && fits_budget(node)) {
        fold(index, node);
      }
    }
    rewriter_.finish();
  }

 private:
  bool is_constant(const Node& node) const {
    for (const ValueId input : node.inputs) {
      if (input != no_value && rewriter_.constant(input) == nullptr) return false;
    }
    return node.post_ops.empty();
  }

  std::int64_t bytes_of(const std::vector<ValueId>& ids) const {
    std::int64_t bytes = 0;
    for (const ValueId id : ids) {
      if (id == no_value || bytes > base::limits::folding_bytes_read) continue;
      const Value& value = graph_.value(id);
      if (!value.shape || !tensor::is_known(*value.shape)) continue;
      const std::int64_t count = tensor::element_count(*value.shape);
      if (count > base::limits::folding_bytes_read) return count;
      bytes += count * tensor::size_bytes(value.dtype);
    }
    return bytes;
  }

  bool fits_budget(const Node& node) {
    const std::int64_t made = bytes_of(node.outputs);
    const std::int64_t read = bytes_of(node.inputs);
    if (made > bytes_to_make_ || read > bytes_to_read_ || takes_long(node)) return false;
    bytes_to_make_ -= made;
    bytes_to_read_ -= read;
    return true;
  }

  /// A product or convolution of large constants, which the plain kernels are slow at.
  bool takes_long(const Node& node) const {
    if (rounded_inputs(node.op_type).empty()) return false;
    const double weights = static_cast<double>(bytes_of({node.inputs[1]}));
    return weights * static_cast<double>(bytes_of(node.outputs)) > work_max;
  }

  void fold_shape(std::size_t index, const Node& node) {
    const std::optional<tensor::Shape>& shape = graph_.value(node.inputs[0]).shape;
    if (!shape || !tensor::is_known(*shape)) return;
    if (node.op_type == "Size") {
      rewriter_.replace_by_constant(index,
                                    Tensor::of<std::int64_t>({}, {tensor::element_count(*shape)}));
      return;
    }
    const auto rank = static_cast<std::int64_t>(shape->size());
    const auto bound = [rank](std::int64_t position) {
      return std::clamp<std::int64_t>(position < 0 ? position + rank : position, 0, rank);
    };
    const std::int64_t start = bound(node.attributes.integer("start", 0));
    const std::int64_t end = std::max(bound(node.attributes.integer("end", rank)), start);
    const std::vector<std::int64_t> part(shape->begin() + start, shape->begin() + end);
    rewriter_.replace_by_constant(index, Tensor::of<std::int64_t>({end - start}, part));
  }

  void fold(std::size_t index, const Node& node) {
    std::vector<const Tensor*> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(rewriter_.constant(input));
    std::optional<std::vector<Tensor>> results = evaluate_(graph_, node, inputs);
    if (!results) return;
    rewriter_.remove(index);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == no_value) continue;
      Value& output = graph_.value(node.outputs[i]);
      output.dtype = results->at(i).dtype();
      output.shape = results->at(i).shape();
      output.constant = std::move(results->at(i));
    }
  }

  Graph& graph_;
  const NodeEvaluator& evaluate_;
  Rewriter rewriter_;
  std::int64_t bytes_to_make_ = base::limits::folded_bytes;
  std::int64_t bytes_to_read_ = base::limits::folding_bytes_read;
};

}  // namespace

void apply_fold_constants(Graph& graph, const NodeEvaluator& evaluate) {
  if (evaluate) Folder(graph, evaluate).run();
}

}  // namespace ampd::graph
