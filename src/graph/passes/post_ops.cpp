// Attaches cheap work to the node that makes its input, so that it is done before the result is
// stored.
//
//   Conv ---> Add r ---> Relu          Conv | ConvTranspose | Gemm | MatMul ---> Clip | Add c ...
//
//   Conv [sum r, Relu]                 Conv | ... [Clip, add c ...]
//
// What is subtracted is added with the other sign; what is divided by, multiplied by the
// reciprocal. BatchNormalization takes activations and constants too, but no residual.
//
// Only where nobody else reads what is between. Of the two sides of a residual Add the later node
// in node order takes it, if the other side is made before that node.
#include <algorithm>
#include <array>
#include <limits>

#include "graph/channels.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

constexpr std::size_t post_ops_max = 8;
constexpr std::array carriers{"BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul"};
constexpr std::array activations{"Clip", "Elu",      "Gelu",    "HardSwish", "LeakyRelu", "Mish",
                                 "Relu", "Softplus", "Sigmoid", "Swish",     "Tanh"};

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

class PostOpsPass {
 public:
  explicit PostOpsPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      const Node& node = rewriter_.node(index);
      if (node.outputs.size() != 1 || graph_.value(node.outputs[0]).dtype != DType::f32) continue;
      const bool adds = node.op_type == "Add" || node.op_type == "Sum";
      if (contains(activations, node.op_type)) {
        take_activation(index);
      } else if (node.inputs.size() == 2 && !take_channels(index) && adds) {
        take_residual(index);
      }
    }
    rewriter_.finish();
  }

 private:
  /// The node that can do more work on the value it makes.
  std::optional<std::size_t> carrier(ValueId id) const {
    const std::optional<std::size_t> producer = rewriter_.producer(id);
    if (!producer || !rewriter_.is_private(id)) return std::nullopt;
    const Node& node = graph_.nodes[*producer];
    const bool carries = contains(carriers, node.op_type) && node.post_ops.size() < post_ops_max;
    return carries ? producer : std::nullopt;
  }

  void attach(std::size_t into, std::size_t index, PostOp post_op) {
    rewriter_.add_post_op(into, std::move(post_op));
    rewriter_.absorb(into, index);
  }

  void take_activation(std::size_t index) {
    const std::optional<std::size_t> into = carrier(rewriter_.node(index).inputs[0]);
    if (!into) return;
    PostOp post_op;
    post_op.op_type = rewriter_.node(index).op_type;
    if (post_op.op_type == "Clip") {
      if (!read_bounds(rewriter_.node(index), post_op.attributes)) return;
      if (post_op.attributes.real("min", 0) >= 0) drop_last_relu(*into);
    } else {
      post_op.attributes = rewriter_.node(index).attributes;
    }
    attach(*into, index, std::move(post_op));
  }

  /// A Clip from 0 or more does what a Relu before it did.
  void drop_last_relu(std::size_t index) {
    std::vector<PostOp>& post_ops = rewriter_.node(index).post_ops;
    if (!post_ops.empty() && post_ops.back().op_type == "Relu") post_ops.pop_back();
  }

  bool read_bounds(const Node& clip, Attributes& attributes) const {
    attributes.set("min", std::numeric_limits<float>::lowest());
    attributes.set("max", std::numeric_limits<float>::max());
    constexpr std::array names{"min", "max"};
    for (std::size_t slot = 1; slot < clip.inputs.size(); ++slot) {
      if (clip.inputs[slot] == no_value) continue;
      const Tensor* bound = rewriter_.constant(clip.inputs[slot]);
      if (bound == nullptr || bound->size() != 1) return false;
      attributes.set(names[slot - 1], bound->values<float>()[0]);
    }
    return attributes.real("min", 0) <= attributes.real("max", 0);
  }

  bool take_channels(std::size_t index) {
    const Node& node = rewriter_.node(index);
    const bool is_inverse = node.op_type == "Sub" || node.op_type == "Div";
    const bool multiplies = node.op_type == "Mul" || node.op_type == "Div";
    if (!multiplies && !is_inverse && node.op_type != "Add" && node.op_type != "Sum") return false;
    for (std::size_t slot = 0; slot < (is_inverse ? 1 : 2); ++slot) {
      const Tensor* value = rewriter_.constant(node.inputs[1 - slot]);
      const std::optional<std::size_t> into = carrier(node.inputs[slot]);
      const std::optional<tensor::Shape>& shape = graph_.value(node.inputs[slot]).shape;
      if (value == nullptr || !into || !shape || shape->size() < 2) continue;
      const bool is_product = rewriter_.node(*into).op_type == "MatMul";
      const std::size_t axis = is_product ? shape->size() - 1 : 1;
      std::optional<Tensor> vector = per_channel(*value, shape->size(), axis, (*shape)[axis]);
      if (!vector) continue;
      if (is_inverse) vector = inverse(*vector, multiplies);
      PostOp post_op;
      post_op.kind = multiplies ? PostOp::Kind::mul : PostOp::Kind::add;
      post_op.operand = rewriter_.add_constant(node.name + "/operand", *vector);
      attach(*into, index, std::move(post_op));
      return true;
    }
    return false;
  }

  static Tensor inverse(const Tensor& vector, bool multiplies) {
    Tensor result(vector.dtype(), vector.shape());
    std::ranges::transform(vector.values<float>(), result.mutable_values<float>().begin(),
                           [multiplies](float x) { return multiplies ? 1 / x : -x; });
    return result;
  }

  void take_residual(std::size_t index) {
    const Node& node = rewriter_.node(index);
    std::array candidates{carrier(node.inputs[0]), carrier(node.inputs[1])};
    const std::size_t later = candidates[0] > candidates[1] ? 0 : 1;
    if (!candidates[later]) return;
    const std::size_t into = *candidates[later];
    const ValueId other = node.inputs[1 - later];
    const std::optional<std::size_t> maker = rewriter_.producer(other);
    const bool is_there = maker ? *maker < into : rewriter_.constant(other) == nullptr;
    if (!is_there || !takes_sum(into) || !has_result_shape(node, other)) return;
    PostOp post_op;
    post_op.kind = PostOp::Kind::sum;
    post_op.operand = other;
    attach(into, index, std::move(post_op));
  }

  bool takes_sum(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    return node.op_type != "BatchNormalization" &&
           std::ranges::none_of(node.post_ops, [](const PostOp& post_op) {
             return post_op.kind == PostOp::Kind::sum;
           });
  }

  bool has_result_shape(const Node& node, ValueId operand) const {
    const std::optional<tensor::Shape>& result = graph_.value(node.outputs[0]).shape;
    return result && tensor::is_known(*result) && graph_.value(operand).shape == result &&
           graph_.value(node.inputs[0]).shape == graph_.value(node.inputs[1]).shape;
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_post_ops(Graph& graph, const NodeEvaluator&) {
  PostOpsPass(graph).run();
}

}  // namespace ampd::graph
