// Writes bounds as Clip, one for all that follow one another; ReLU6 is the one from 0 to 6.
//
//   x ---> Max 0 ---> Min 6 --->                 x ---> Clip -2, 6 ---> Clip 0, 3 --->
//   x ---> Relu ---> Min 6 --->
//
//   x ---> Clip 0, 6 --->                        x ---> Clip 0, 3 --->
#include <algorithm>
#include <limits>

#include "graph/newest_form.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/scalar.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Not inverted.
struct Bounds {
  float low = std::numeric_limits<float>::lowest();
  float high = std::numeric_limits<float>::max();
};

class ClipsPass {
 public:
  explicit ClipsPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      const std::optional<ValueId> source = bounded(index);
      if (!source || graph_.nodes[index].op_type == "Relu") continue;
      const Bounds bounds = *bounds_of(index);
      const std::optional<std::size_t> before =
          rewriter_.is_private(*source) ? rewriter_.producer(*source) : std::nullopt;
      if (before && bounded(*before)) {
        join(*before, index, bounds);
      } else if (graph_.nodes[index].op_type != "Clip") {
        replace({index}, index, *source, bounds);
      }
    }
    rewriter_.finish();
  }

 private:
  /// What a node bounds by constant numbers.
  std::optional<ValueId> bounded(std::size_t index) const {
    if (!bounds_of(index)) return std::nullopt;
    const Node& node = graph_.nodes[index];
    const Value& result = graph_.value(node.outputs[0]);
    if (result.dtype != DType::f32 || !result.shape) return std::nullopt;
    const ValueId source = node.inputs[constant_slot(node) == 0 ? 1 : 0];
    return graph_.value(source).shape == result.shape ? std::optional(source) : std::nullopt;
  }

  /// Where Max and Min have their constant.
  std::size_t constant_slot(const Node& node) const {
    const bool has_two = node.op_type == "Max" || node.op_type == "Min";
    return has_two && rewriter_.constant(node.inputs[0]) != nullptr ? 0 : 1;
  }

  std::optional<Bounds> bounds_of(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    Bounds bounds;
    if (node.op_type == "Relu") {
      bounds.low = 0;
    } else if (node.op_type == "Clip") {
      if (!read(node, 1, bounds.low) || !read(node, 2, bounds.high)) return std::nullopt;
    } else if ((node.op_type == "Max" || node.op_type == "Min") && node.inputs.size() == 2) {
      const std::size_t slot = constant_slot(node);
      if (rewriter_.constant(node.inputs[slot]) == nullptr) return std::nullopt;
      if (!read(node, slot, node.op_type == "Max" ? bounds.low : bounds.high)) return std::nullopt;
    } else {
      return std::nullopt;
    }
    return bounds.low <= bounds.high ? std::optional(bounds) : std::nullopt;
  }

  /// False where there is a bound that is not one constant number.
  bool read(const Node& node, std::size_t slot, float& bound) const {
    if (slot >= node.inputs.size() || node.inputs[slot] == no_value) return true;
    const auto number = scalar_of(rewriter_.constant(node.inputs[slot]));
    if (number) bound = static_cast<float>(*number);
    return number.has_value();
  }

  void join(std::size_t before, std::size_t index, const Bounds& bounds) {
    const Bounds first = *bounds_of(before);
    const Bounds both{std::clamp(first.low, bounds.low, bounds.high),
                      std::clamp(first.high, bounds.low, bounds.high)};
    replace({before, index}, index, *bounded(before), both);
  }

  void replace(const std::set<std::size_t>& pattern, std::size_t root, ValueId source,
               const Bounds& bounds) {
    Node clip;
    clip.name = graph_.nodes[root].name;
    clip.op_type = "Clip";
    clip.opset = newest_opset;
    clip.inputs = {
        source, rewriter_.add_constant(clip.name + "/min", Tensor::of<float>({}, {bounds.low})),
        rewriter_.add_constant(clip.name + "/max", Tensor::of<float>({}, {bounds.high}))};
    rewriter_.fuse(pattern, root, std::move(clip));
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_clips(Graph& graph, const NodeEvaluator&) {
  ClipsPass(graph).run();
}

}  // namespace ampd::graph
