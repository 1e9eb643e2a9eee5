#include "graph/node_types.hpp"

#include "graph/node_error.hpp"

namespace ampd::graph {

bool NodeTypes::has(std::size_t input) const {
  return input < node_.inputs.size() && node_.inputs[input] != no_value;
}

bool NodeTypes::has_output(std::size_t output) const {
  return output < node_.outputs.size() && node_.outputs[output] != no_value;
}

const Value& NodeTypes::input(std::size_t index) const {
  if (!has(index)) fail("lacks its input " + std::to_string(index));
  return graph_.value(node_.inputs[index]);
}

tensor::DType NodeTypes::dtype(std::size_t index) const {
  return input(index).dtype;
}

const std::optional<tensor::Shape>& NodeTypes::shape(std::size_t index) const {
  return input(index).shape;
}

std::optional<std::size_t> NodeTypes::rank(std::size_t index) const {
  const std::optional<tensor::Shape>& known = shape(index);
  return known ? std::optional(known->size()) : std::nullopt;
}

const tensor::Tensor* NodeTypes::constant(std::size_t index) const {
  if (!has(index)) return nullptr;
  const std::optional<tensor::Tensor>& value = input(index).constant;
  if (!value) missed_.insert(index);
  return value ? &*value : nullptr;
}

std::optional<std::vector<std::int64_t>> NodeTypes::integers(std::size_t index) const {
  const tensor::Tensor* value = constant(index);
  if (value == nullptr) return std::nullopt;
  if (value->dtype() == tensor::DType::i64) {
    const auto elements = value->values<std::int64_t>();
    return std::vector<std::int64_t>(elements.begin(), elements.end());
  }
  if (value->dtype() == tensor::DType::i32) {
    const auto elements = value->values<std::int32_t>();
    return std::vector<std::int64_t>(elements.begin(), elements.end());
  }
  fail("needs integers as its input " + std::to_string(index));
}

std::size_t NodeTypes::axis(std::int64_t axis, std::size_t rank) const {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count) {
    fail("has the axis " + std::to_string(axis) + " on a tensor of " + std::to_string(rank) +
         " dimensions");
  }
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

void NodeTypes::require_one_dtype(std::initializer_list<std::size_t> inputs) const {
  std::optional<tensor::DType> first;
  for (const std::size_t index : inputs) {
    if (!has(index)) continue;
    if (!first) first = dtype(index);
    if (dtype(index) != *first) {
      fail("mixes the element types " + std::string(tensor::to_string(*first)) + " and " +
           std::string(tensor::to_string(dtype(index))));
    }
  }
}

void NodeTypes::set(std::size_t output, tensor::DType dtype, std::optional<tensor::Shape> shape) {
  if (!has_output(output)) return;
  Value& value = graph_.value(node_.outputs[output]);
  value.dtype = dtype;
  value.shape = std::move(shape);
}

void NodeTypes::fail(const std::string& what) const {
  throw NodeError(node_, what);
}

void NodeTypes::refuse(const std::string& what) const {
  throw NodeError(node_, what, ErrorCode::unsupported);
}

}  // namespace ampd::graph
