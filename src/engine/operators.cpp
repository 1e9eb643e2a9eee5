#include "engine/operators.hpp"

#include <algorithm>
#include <array>

#include "ampd/error.hpp"
#include "engine/lower/families.hpp"

namespace ampd::engine {
namespace {

constexpr Role tunable = Role::tunable;
constexpr Role follows = Role::follows_inputs;
constexpr Role fp32 = Role::fp32_only;

std::int64_t none(const Graph&, const Node&) {
  return 0;
}

// Sorted by role, then by family. An operator that divides, takes roots or sums over many elements
// stays in fp32 unless its kernel does so inside (Softmax, pools, normalizations).
constexpr std::array table{
    Operator{"Conv", tunable, takes_convolution, lower_convolution, true, flops_of_convolution},
    Operator{"ConvTranspose", tunable, takes_convolution, lower_convolution, true,
             flops_of_convolution},
    Operator{"Gemm", tunable, takes_product, lower_product, true, flops_of_product},
    Operator{"GRU", tunable, takes_recurrence, lower_recurrence, false, flops_of_recurrence},
    Operator{"LSTM", tunable, takes_recurrence, lower_recurrence, false, flops_of_recurrence},
    Operator{"MatMul", tunable, takes_product, lower_product, true, flops_of_product},
    Operator{"RNN", tunable, takes_recurrence, lower_recurrence, false, flops_of_recurrence},

    Operator{"Abs", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Clip", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Elu", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Gelu", follows, takes_activation, lower_activation, false, output_size},
    Operator{"HardSwish", follows, takes_activation, lower_activation, false, output_size},
    Operator{"LeakyRelu", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Mish", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Neg", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Relu", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Sigmoid", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Softplus", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Swish", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Tanh", follows, takes_activation, lower_activation, false, output_size},
    Operator{"Add", follows, takes_binary, lower_binary, false, output_size},
    Operator{"Mul", follows, takes_binary, lower_binary, false, output_size},
    Operator{"PRelu", follows, takes_binary, lower_binary, false, output_size},
    Operator{"Sub", follows, takes_binary, lower_binary, false, output_size},
    Operator{"Max", follows, takes_variadic, lower_variadic, false, output_size},
    Operator{"Min", follows, takes_variadic, lower_variadic, false, output_size},
    Operator{"Sum", follows, takes_variadic, lower_variadic, false, output_size},
    Operator{"AveragePool", follows, takes_pool, lower_pool, false, flops_of_pool},
    Operator{"GlobalAveragePool", follows, takes_pool, lower_pool, false, flops_of_pool},
    Operator{"GlobalMaxPool", follows, takes_pool, lower_pool, false, flops_of_pool},
    Operator{"MaxPool", follows, takes_pool, lower_pool, false, flops_of_pool},
    Operator{"BatchNormalization", follows, takes_batch_normalization, lower_batch_normalization,
             true, output_size},
    Operator{"LayerNormalization", follows, takes_layer_normalization, lower_layer_normalization,
             false, output_size},
    Operator{"LRN", follows, takes_local_response, lower_local_response, false, output_size},
    Operator{"MaskedSoftmax", follows, takes_masked_softmax, lower_masked_softmax, false,
             output_size},
    Operator{"RMSNormalization", follows, takes_layer_normalization, lower_rms_normalization, false,
             output_size},
    Operator{"Softmax", follows, takes_softmax, lower_softmax, false, output_size},
    Operator{"Cast", follows, takes_view, lower_view, false, none},
    Operator{"Concat", follows, takes_concat, lower_concat, false, none},
    Operator{"DepthToSpace", follows, takes_blocks, lower_blocks, false, none},
    Operator{"Flatten", follows, takes_view, lower_view, false, none},
    Operator{"Gather", follows, takes_gather, lower_gather, false, none},
    Operator{"Identity", follows, takes_view, lower_view, false, none},
    Operator{"Reshape", follows, takes_view, lower_view, false, none},
    Operator{"Slice", follows, takes_slice, lower_slice, false, none},
    Operator{"SpaceToDepth", follows, takes_blocks, lower_blocks, false, none},
    Operator{"Split", follows, takes_split, lower_split, false, none},
    Operator{"Squeeze", follows, takes_view, lower_view, false, none},
    Operator{"Transpose", follows, takes_transpose, lower_transpose, false, none},
    Operator{"Unsqueeze", follows, takes_view, lower_view, false, none},

    Operator{"Div", fp32, takes_binary, lower_binary, false, output_size},
    Operator{"LogSoftmax", fp32, takes_softmax, lower_softmax, false, output_size},
    Operator{"ReduceMean", fp32, takes_reduction, lower_reduction, false, output_size},
    Operator{"ReduceSum", fp32, takes_reduction, lower_reduction, false, output_size},
    Operator{"Sqrt", fp32, takes_activation, lower_activation, false, output_size},
};

}  // namespace

std::span<const Operator> operator_table() {
  return table;
}

const Operator* find_operator(const Graph& graph, const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const auto* entry = std::find_if(table.begin(), table.end(),
                                   [&](const Operator& o) { return o.type == node.op_type; });
  return entry != table.end() && entry->takes(graph, node) ? entry : nullptr;
}

Role role_of(const Graph& graph, const Node& node) {
  const Operator* entry = find_operator(graph, node);
  return entry != nullptr ? entry->role : Role::fp32_only;
}

const tensor::Shape& shape_of(const Graph& graph, graph::ValueId id) {
  const graph::Value& value = graph.value(id);
  if (!value.shape || !tensor::is_known(*value.shape)) {
    throw Error(ErrorCode::invalid, "the shape of the value " + value.name + " is not known");
  }
  return *value.shape;
}

bool is_float32(const Graph& graph, const Node& node) {
  if (node.inputs.empty() || node.inputs[0] == graph::no_value ||
      node.outputs[0] == graph::no_value) {
    return false;
  }
  const auto is_other_float = [&](graph::ValueId id) {
    return id != graph::no_value && tensor::is_floating(graph.value(id).dtype) &&
           graph.value(id).dtype != tensor::DType::f32;
  };
  return graph.value(node.inputs[0]).dtype == tensor::DType::f32 &&
         graph.value(node.outputs[0]).dtype == tensor::DType::f32 &&
         std::none_of(node.inputs.begin(), node.inputs.end(), is_other_float);
}

bool has_one_output(const Node& node) {
  return std::all_of(node.outputs.begin() + 1, node.outputs.end(),
                     [](graph::ValueId id) { return id == graph::no_value; });
}

bool has_empty_value(const Graph& graph, const Node& node) {
  const auto is_empty = [&](graph::ValueId id) {
    return id != graph::no_value && tensor::element_count(shape_of(graph, id)) == 0;
  };
  return std::any_of(node.inputs.begin(), node.inputs.end(), is_empty) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), is_empty);
}

std::int64_t output_size(const Graph& graph, const Node& node) {
  std::int64_t size = 0;
  for (const graph::ValueId id : node.outputs) {
    if (id != graph::no_value) size += tensor::element_count(shape_of(graph, id));
  }
  return size;
}

}  // namespace ampd::engine
