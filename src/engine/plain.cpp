#include "engine/plain.hpp"

#include <array>
#include <map>

#include "engine/kernels/kernel.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Tensor;

std::map<std::string_view, const Kernel*> index_kernels() {
  std::map<std::string_view, const Kernel*> index;
  for (const std::span<const Kernel> family :
       {binary_kernels(),          convolution_kernels(),  creation_kernels(),
        deformable_kernels(),      image_kernels(),        indexing_kernels(),
        integer_product_kernels(), layout_kernels(),       loss_kernels(),
        matrix_kernels(),          ngram_kernels(),        normalization_kernels(),
        pooling_kernels(),         quantization_kernels(), recurrent_kernels(),
        reduction_kernels(),       resampling_kernels(),   sampling_kernels(),
        selection_kernels(),       signal_kernels(),       unary_kernels()}) {
    for (const Kernel& kernel : family) index.emplace(kernel.op_type, &kernel);
  }
  return index;
}

const Kernel* find_kernel(const graph::Node& node) {
  static const std::map<std::string_view, const Kernel*> index = index_kernels();
  if (!node.domain.empty()) return nullptr;
  const auto found = index.find(node.op_type);
  return found != index.end() ? found->second : nullptr;
}

bool is_half(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16;
}

void check_inputs(const graph::Graph& graph, const graph::Node& node,
                  std::span<const Tensor* const> inputs) {
  if (inputs.size() != node.inputs.size()) {
    throw graph::NodeError(node, "is given " + std::to_string(inputs.size()) + " inputs");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    const graph::Value& value = graph.value(node.inputs[i]);
    if (inputs[i]->dtype() != value.dtype ||
        (value.shape && tensor::is_known(*value.shape) && inputs[i]->shape() != *value.shape)) {
      throw graph::NodeError(node, "is given another tensor than " + value.name + " is");
    }
  }
}

std::vector<std::optional<Tensor>> allocate_outputs(const graph::Graph& graph,
                                                    const graph::Node& node, bool widen) {
  std::vector<std::optional<Tensor>> outputs(node.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] == graph::no_value) continue;
    const graph::Value& value = graph.value(node.outputs[i]);
    const DType dtype = widen && is_half(value.dtype) ? DType::f32 : value.dtype;
    if (value.shape && tensor::is_known(*value.shape)) outputs[i] = Tensor(dtype, *value.shape);
  }
  return outputs;
}

std::vector<Tensor> finished(const graph::Graph& graph, const graph::Node& node, KernelCall& call) {
  std::vector<std::optional<Tensor>> outputs = call.take_outputs();
  std::vector<Tensor> result(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] == graph::no_value) continue;
    if (!outputs[i]) throw graph::NodeError(node, "does not make its output " + std::to_string(i));
    result[i] = tensor::convert(*outputs[i], graph.value(node.outputs[i]).dtype);
  }
  return result;
}

}  // namespace

std::optional<std::vector<Tensor>> evaluate_plain(const graph::Graph& graph,
                                                  const graph::Node& node,
                                                  std::span<const Tensor* const> inputs) {
  const Kernel* kernel = find_kernel(node);
  if (kernel == nullptr) return std::nullopt;
  check_inputs(graph, node, inputs);
  const bool widen = kernel->kind == Kernel::Kind::computes;
  std::vector<const Tensor*> arguments(inputs.begin(), inputs.end());
  std::vector<Tensor> widened(inputs.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!widen || arguments[i] == nullptr || !is_half(arguments[i]->dtype())) continue;
    widened[i] = tensor::convert(*arguments[i], DType::f32);
    arguments[i] = &widened[i];
  }
  KernelCall call(node, std::move(arguments), allocate_outputs(graph, node, widen));
  if (!kernel->run(call)) return std::nullopt;
  return finished(graph, node, call);
}

bool has_plain_kernel(const graph::Node& node) {
  return find_kernel(node) != nullptr;
}

}  // namespace ampd::engine
