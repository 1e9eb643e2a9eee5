// Folds what scales and shifts whole channels into the weights and bias of the node before.
//
//   Conv | ConvTranspose | Gemm ---> BatchNormalization ---> Mul c ---> Add c ---> Relu
//
//   Conv | ConvTranspose | Gemm (other weights and bias) ---> Relu
//
// A BatchNormalization without such a node before it takes in the Mul and Add that follow:
//
//   Concat ---> BatchNormalization ---> Mul c ---> Add c ---> Relu
//
//   Concat ---> BatchNormalization (other scale and shift) ---> Relu
//
// The arithmetic is in double and rounded once per number. Scales are not folded into weights that
// the file stores in a lower precision: these are final.
#include <cmath>

#include "graph/channels.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

/// y = x * scale + shift, per channel; an empty list is all ones or all zeros.
struct ChannelScale {
  std::vector<double> scale;
  std::vector<double> shift;
};

std::vector<double> numbers(const Tensor& value) {
  const auto from = value.values<float>();
  return {from.begin(), from.end()};
}

Tensor rounded(const std::vector<double>& list) {
  Tensor result(DType::f32, {std::ssize(list)});
  std::transform(list.begin(), list.end(), result.mutable_values<float>().begin(),
                 [](double number) { return static_cast<float>(number); });
  return result;
}

class ChannelScalesPass {
 public:
  explicit ChannelScalesPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      const std::optional<std::size_t> source = source_of(index);
      if (!source) continue;
      const std::optional<ChannelScale> found = scale_at(index);
      if (!found || !fits(*source, *found)) continue;
      if (rewriter_.node(*source).op_type == "BatchNormalization") {
        fold_into_normalization(*source, *found);
      } else {
        fold_into_weights(*source, *found);
      }
      rewriter_.absorb(*source, index);
    }
    rewriter_.finish();
  }

 private:
  /// The input that is scaled: the only one that is not constant.
  std::optional<std::size_t> data_slot(const Node& node) const {
    if (node.op_type == "BatchNormalization") return 0;
    if (node.op_type == "Sub" || node.op_type == "Div") {
      return rewriter_.constant(node.inputs[1]) != nullptr ? std::optional<std::size_t>(0)
                                                           : std::nullopt;
    }
    const bool adds = node.op_type == "Add" || (node.op_type == "Sum" && node.inputs.size() == 2);
    if (!adds && node.op_type != "Mul") return std::nullopt;
    if (rewriter_.constant(node.inputs[1]) != nullptr) return 0;
    return rewriter_.constant(node.inputs[0]) != nullptr ? std::optional<std::size_t>(1)
                                                         : std::nullopt;
  }

  /// The node whose result alone `index` scales, if it can take that in.
  std::optional<std::size_t> source_of(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    const std::optional<std::size_t> slot = data_slot(node);
    if (!slot) return std::nullopt;
    const ValueId data = node.inputs[*slot];
    const std::optional<std::size_t> producer = rewriter_.producer(data);
    if (!producer || !rewriter_.is_private(data) || graph_.value(data).dtype != DType::f32) {
      return std::nullopt;
    }
    return channels(*producer) > 0 ? producer : std::nullopt;
  }

  const Tensor* parameter(const Node& node, std::size_t slot) const {
    if (slot >= node.inputs.size()) return nullptr;
    const Tensor* value = rewriter_.constant(node.inputs[slot]);
    return value != nullptr && value->dtype() == DType::f32 ? value : nullptr;
  }

  /// The channels of a node's result, 0 if it cannot take in a scale.
  std::int64_t channels(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    if (!node.post_ops.empty()) return 0;
    if (node.op_type == "BatchNormalization") {
      for (std::size_t slot = 1; slot < 5; ++slot) {
        if (parameter(node, slot) == nullptr) return 0;
      }
      return parameter(node, 1)->size();
    }
    const Tensor* weights = parameter(node, 1);
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != no_value;
    if (weights == nullptr || (has_bias && parameter(node, 2) == nullptr)) return 0;
    if (has_bias && parameter(node, 2)->shape().size() != 1) return 0;
    if (node.op_type == "Conv") return weights->shape()[0];
    if (node.op_type == "ConvTranspose") {
      return weights->shape()[1] * node.attributes.integer("group", 1);
    }
    const bool is_plain_gemm = node.op_type == "Gemm" && !node.attributes.has("transB") &&
                               !node.attributes.has("alpha") && !node.attributes.has("beta");
    return is_plain_gemm ? weights->shape()[1] : 0;
  }

  std::optional<ChannelScale> scale_at(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    if (node.op_type == "BatchNormalization") return normalization_scale(node);
    const std::size_t slot = *data_slot(node);
    const std::optional<tensor::Shape>& shape = graph_.value(node.inputs[slot]).shape;
    const Tensor* value = rewriter_.constant(node.inputs[1 - slot]);
    if (!shape || shape->size() < 2) return std::nullopt;
    const std::int64_t count = channels(*rewriter_.producer(node.inputs[slot]));
    const std::optional<Tensor> vector = per_channel(*value, shape->size(), 1, count);
    if (!vector) return std::nullopt;
    std::vector<double> list = numbers(*vector);
    if (node.op_type == "Mul") return ChannelScale{std::move(list), {}};
    if (node.op_type == "Div") {
      for (double& number : list) number = 1 / number;
      return ChannelScale{std::move(list), {}};
    }
    if (node.op_type == "Sub") {
      for (double& number : list) number = -number;
    }
    return ChannelScale{{}, std::move(list)};
  }

  std::optional<ChannelScale> normalization_scale(const Node& node) const {
    const Tensor* scale = parameter(node, 1);
    const Tensor* shift = parameter(node, 2);
    const Tensor* mean = parameter(node, 3);
    const Tensor* variance = parameter(node, 4);
    if (scale == nullptr || shift == nullptr || mean == nullptr || variance == nullptr) {
      return std::nullopt;
    }
    const double epsilon = node.attributes.real("epsilon", 1e-5F);
    ChannelScale result{numbers(*scale), numbers(*shift)};
    for (std::size_t channel = 0; channel < result.scale.size(); ++channel) {
      result.scale[channel] /= std::sqrt(variance->values<float>()[channel] + epsilon);
      result.shift[channel] -= mean->values<float>()[channel] * result.scale[channel];
    }
    return result;
  }

  bool fits(std::size_t source, const ChannelScale& found) const {
    const Node& node = graph_.nodes[source];
    if (node.stored_precision && !found.scale.empty()) return false;
    const auto count = static_cast<std::size_t>(channels(source));
    return (found.scale.empty() || found.scale.size() == count) &&
           (found.shift.empty() || found.shift.size() == count);
  }

  void set_parameter(std::size_t index, std::size_t slot, const char* role, Tensor value) {
    const std::string name = rewriter_.node(index).name + "/" + role;
    rewriter_.set_input(index, slot, rewriter_.add_constant(name, std::move(value)));
  }

  static std::vector<double> combined(std::vector<double> shift, const ChannelScale& found) {
    for (std::size_t channel = 0; channel < shift.size(); ++channel) {
      if (!found.scale.empty()) shift[channel] *= found.scale[channel];
      if (!found.shift.empty()) shift[channel] += found.shift[channel];
    }
    return shift;
  }

  void fold_into_normalization(std::size_t index, const ChannelScale& found) {
    const Node& node = rewriter_.node(index);
    const std::vector<double> shift = combined(numbers(*parameter(node, 2)), found);
    std::vector<double> scale = numbers(*parameter(node, 1));
    for (std::size_t channel = 0; channel < found.scale.size(); ++channel) {
      scale[channel] *= found.scale[channel];
    }
    set_parameter(index, 1, "scale", rounded(scale));
    set_parameter(index, 2, "shift", rounded(shift));
  }

  void fold_into_weights(std::size_t index, const ChannelScale& found) {
    const Node& node = rewriter_.node(index);
    const auto count = static_cast<std::size_t>(channels(index));
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != no_value;
    const std::vector<double> bias =
        has_bias ? numbers(*parameter(node, 2)) : std::vector<double>(count, 0);
    if (!found.scale.empty()) {
      set_parameter(index, 1, "weights", scaled_weights(node, found.scale));
    }
    set_parameter(index, 2, "bias", rounded(combined(bias, found)));
  }

  /// Weights lie channel outermost (Conv), innermost (Gemm) or, per group, second (ConvTranspose).
  Tensor scaled_weights(const Node& node, const std::vector<double>& scale) const {
    const Tensor& weights = *parameter(node, 1);
    Tensor result(DType::f32, weights.shape());
    const auto from = weights.values<float>();
    const auto to = result.mutable_values<float>();
    const tensor::Shape& shape = weights.shape();
    const std::size_t axis = node.op_type == "Conv" ? 0 : 1;
    const auto stride = static_cast<std::size_t>(tensor::row_major_strides(shape)[axis]);
    const auto extent = static_cast<std::size_t>(shape[axis]);
    const std::size_t rows_per_group =
        node.op_type == "ConvTranspose"
            ? static_cast<std::size_t>(shape[0] / node.attributes.integer("group", 1))
            : from.size() + 1;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t row = i / stride / extent;
      const std::size_t channel = i / stride % extent + row / rows_per_group * extent;
      to[i] = static_cast<float>(from[i] * scale[channel]);
    }
    return result;
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_channel_scales(Graph& graph, const NodeEvaluator&) {
  ChannelScalesPass(graph).run();
}

}  // namespace ampd::graph
