#include "graph/constant_node.hpp"

namespace ampd::graph {

using tensor::Tensor;

std::optional<Tensor> constant_tensor(const Node& node) {
  const Attributes& attributes = node.attributes;
  if (const Tensor* value = attributes.tensor("value")) return *value;
  if (attributes.has("value_float")) {
    return Tensor::of<float>({}, {attributes.real("value_float", 0)});
  }
  if (attributes.has("value_floats")) {
    const std::vector<float> list = attributes.reals("value_floats");
    return Tensor::of<float>({std::ssize(list)}, list);
  }
  if (attributes.has("value_int")) {
    return Tensor::of<std::int64_t>({}, {attributes.integer("value_int", 0)});
  }
  if (attributes.has("value_ints")) {
    const std::vector<std::int64_t> list = attributes.integers("value_ints");
    return Tensor::of<std::int64_t>({std::ssize(list)}, list);
  }
  return std::nullopt;
}

}  // namespace ampd::graph
