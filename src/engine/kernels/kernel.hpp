// A plain kernel as its author sees it: inputs in, outputs allocated with the inferred types.
//
// A kernel that moves elements without looking at them works for every dtype by their size. A
// kernel that computes sees float16 and bfloat16 as float32: its inputs are converted before it
// runs and its outputs after.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::engine {

class KernelCall {
 public:
  KernelCall(const graph::Node& node, std::vector<const tensor::Tensor*> inputs,
             std::vector<std::optional<tensor::Tensor>> outputs)
      : node_(node), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}

  const graph::Node& node() const { return node_; }
  const graph::Attributes& attributes() const { return node_.attributes; }
  std::size_t input_count() const { return inputs_.size(); }
  std::size_t output_count() const { return outputs_.size(); }

  bool has(std::size_t input) const { return input < inputs_.size() && inputs_[input] != nullptr; }
  const tensor::Tensor& input(std::size_t index) const;
  const tensor::Tensor* optional_input(std::size_t index) const {
    return has(index) ? inputs_[index] : nullptr;
  }

  /// The elements of an int32 or int64 input.
  std::vector<std::int64_t> integers(std::size_t index) const;

  /// Whether the node has the output, with a shape that is known before the kernel runs.
  bool has_output(std::size_t index) const {
    return index < outputs_.size() && outputs_[index].has_value();
  }
  tensor::Tensor& output(std::size_t index);

  /// For an output whose shape depends on the data, or that shares an input's bytes.
  void set_output(std::size_t index, tensor::Tensor value);

  /// Counted from the front; fails unless it lies in [-rank, rank).
  std::size_t axis(std::int64_t axis, std::size_t rank) const;

  std::vector<std::optional<tensor::Tensor>> take_outputs() { return std::move(outputs_); }

  [[noreturn]] void fail(const std::string& what) const;

 private:
  const graph::Node& node_;
  std::vector<const tensor::Tensor*> inputs_;
  std::vector<std::optional<tensor::Tensor>> outputs_;
};

struct Kernel {
  enum class Kind { moves, computes };

  std::string_view op_type;
  Kind kind;
  bool (*run)(KernelCall& call);  // false: not for these dtypes
};

std::span<const Kernel> binary_kernels();
std::span<const Kernel> convolution_kernels();
std::span<const Kernel> creation_kernels();
std::span<const Kernel> deformable_kernels();
std::span<const Kernel> image_kernels();
std::span<const Kernel> indexing_kernels();
std::span<const Kernel> integer_product_kernels();
std::span<const Kernel> layout_kernels();
std::span<const Kernel> loss_kernels();
std::span<const Kernel> matrix_kernels();
std::span<const Kernel> ngram_kernels();
std::span<const Kernel> normalization_kernels();
std::span<const Kernel> pooling_kernels();
std::span<const Kernel> quantization_kernels();
std::span<const Kernel> recurrent_kernels();
std::span<const Kernel> reduction_kernels();
std::span<const Kernel> resampling_kernels();
std::span<const Kernel> sampling_kernels();
std::span<const Kernel> selection_kernels();
std::span<const Kernel> signal_kernels();
std::span<const Kernel> unary_kernels();

}  // namespace ampd::engine
