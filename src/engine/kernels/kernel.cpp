#include "engine/kernels/kernel.hpp"

#include "graph/node_error.hpp"

namespace ampd::engine {

const tensor::Tensor& KernelCall::input(std::size_t index) const {
  if (!has(index)) fail("lacks its input " + std::to_string(index));
  return *inputs_[index];
}

std::vector<std::int64_t> KernelCall::integers(std::size_t index) const {
  const tensor::Tensor& value = input(index);
  if (value.dtype() == tensor::DType::i64) {
    const auto elements = value.values<std::int64_t>();
    return {elements.begin(), elements.end()};
  }
  if (value.dtype() == tensor::DType::i32) {
    const auto elements = value.values<std::int32_t>();
    return {elements.begin(), elements.end()};
  }
  fail("needs integers as its input " + std::to_string(index));
}

tensor::Tensor& KernelCall::output(std::size_t index) {
  if (!has_output(index)) fail("makes a shape that depends on the data");
  return *outputs_[index];
}

void KernelCall::set_output(std::size_t index, tensor::Tensor value) {
  if (index < outputs_.size()) outputs_[index] = std::move(value);
}

std::size_t KernelCall::axis(std::int64_t axis, std::size_t rank) const {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count) {
    fail("has the axis " + std::to_string(axis) + " on a tensor of " + std::to_string(rank) +
         " dimensions");
  }
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

void KernelCall::fail(const std::string& what) const {
  throw graph::NodeError(node_, what);
}

}  // namespace ampd::engine
