// The families of operators: what each file of this folder gives to the table in operators.cpp and
// to the others.
#pragma once

#include <optional>
#include <vector>

#include "engine/lowering.hpp"

namespace ampd::engine {

using graph::Graph;
using graph::Node;

// Shared by all.

/// Throws Error(invalid) naming the value when its shape is not known.
const tensor::Shape& shape_of(const Graph& graph, graph::ValueId id);
/// Whether the first input and output, and all inputs that are floating, are float32.
bool is_float32(const Graph& graph, const Node& node);
bool has_one_output(const Node& node);
/// oneDNN is not asked about tensors without elements.
bool has_empty_value(const Graph& graph, const Node& node);
/// Elements of all outputs.
std::int64_t output_size(const Graph& graph, const Node& node);

// Convolution, transposed convolution.
bool takes_convolution(const Graph& graph, const Node& node);
bool lower_convolution(Lowering& lowering, const Node& node);
std::int64_t flops_of_convolution(const Graph& graph, const Node& node);
bool is_convolution_offered(const Graph& graph, const Node& node, tensor::DType dtype);

// Gemm, MatMul.
bool takes_product(const Graph& graph, const Node& node);
bool lower_product(Lowering& lowering, const Node& node);
std::int64_t flops_of_product(const Graph& graph, const Node& node);
bool is_product_offered(const Graph& graph, const Node& node, tensor::DType dtype);

// LSTM, GRU, RNN.
bool takes_recurrence(const Graph& graph, const Node& node);
bool lower_recurrence(Lowering& lowering, const Node& node);
std::int64_t flops_of_recurrence(const Graph& graph, const Node& node);
bool is_recurrence_offered(const Graph& graph, const Node& node, tensor::DType dtype);

// Pools.
bool takes_pool(const Graph& graph, const Node& node);
bool lower_pool(Lowering& lowering, const Node& node);
std::int64_t flops_of_pool(const Graph& graph, const Node& node);

// Functions of one element.
std::optional<onednn::Eltwise> activation(std::string_view op_type,
                                          const graph::Attributes& attributes);
bool takes_activation(const Graph& graph, const Node& node);
bool lower_activation(Lowering& lowering, const Node& node);
/// Nothing where oneDNN has no good kernel in the value's dtype.
std::optional<ValueIndex> add_eltwise(Lowering& lowering, const onednn::Eltwise& operation,
                                      ValueIndex value, const std::string& type);

// Functions of two tensors, broadcast against each other; of several.
bool takes_binary(const Graph& graph, const Node& node);
bool lower_binary(Lowering& lowering, const Node& node);
bool takes_variadic(const Graph& graph, const Node& node);
bool lower_variadic(Lowering& lowering, const Node& node);
/// The result in `dtype`; `type` is the ONNX operator.
ValueIndex add_binary(Lowering& lowering, const std::string& type, ValueIndex a, ValueIndex b,
                      tensor::DType dtype);

// What moves elements or only names them anew.
bool takes_view(const Graph& graph, const Node& node);
bool lower_view(Lowering& lowering, const Node& node);
bool takes_transpose(const Graph& graph, const Node& node);
bool lower_transpose(Lowering& lowering, const Node& node);
bool takes_slice(const Graph& graph, const Node& node);
bool lower_slice(Lowering& lowering, const Node& node);
bool takes_split(const Graph& graph, const Node& node);
bool lower_split(Lowering& lowering, const Node& node);
bool takes_gather(const Graph& graph, const Node& node);
bool lower_gather(Lowering& lowering, const Node& node);
bool takes_concat(const Graph& graph, const Node& node);
bool lower_concat(Lowering& lowering, const Node& node);
bool takes_blocks(const Graph& graph, const Node& node);
bool lower_blocks(Lowering& lowering, const Node& node);

// Normalisations.
bool takes_softmax(const Graph& graph, const Node& node);
bool lower_softmax(Lowering& lowering, const Node& node);
bool takes_masked_softmax(const Graph& graph, const Node& node);
bool lower_masked_softmax(Lowering& lowering, const Node& node);
bool takes_layer_normalization(const Graph& graph, const Node& node);
bool lower_layer_normalization(Lowering& lowering, const Node& node);
bool lower_rms_normalization(Lowering& lowering, const Node& node);
bool takes_local_response(const Graph& graph, const Node& node);
bool lower_local_response(Lowering& lowering, const Node& node);
bool takes_batch_normalization(const Graph& graph, const Node& node);
bool lower_batch_normalization(Lowering& lowering, const Node& node);
bool takes_reduction(const Graph& graph, const Node& node);
bool lower_reduction(Lowering& lowering, const Node& node);

// Post-ops.

/// A node's post-ops as its primitive takes them.
struct FusedPostOps {
  onednn::PostOperations operations;
  std::vector<std::pair<std::size_t, graph::ValueId>> operands;  // of operations, by position
  graph::ValueId sum = graph::no_value;
};
/// Those from `first` on, for a result of `rank` dimensions with its channels at `axis`.
FusedPostOps fused_post_ops(const Graph& graph, const Node& node, std::size_t rank,
                            std::size_t axis, std::size_t first = 0);
/// Adds their arguments to a step whose result has this layout.
void add_arguments(Lowering& lowering, const FusedPostOps& post_ops, const Layout& destination,
                   PrimitiveStep& step);
/// All post-ops of the node as steps of their own.
ValueIndex apply_post_ops(Lowering& lowering, const Node& node, ValueIndex result);

}  // namespace ampd::engine
