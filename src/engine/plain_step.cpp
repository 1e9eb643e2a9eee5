#include "engine/plain_step.hpp"

#include <cstring>

#include "base/check.hpp"
#include "engine/plain.hpp"
#include "graph/cut.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using graph::Graph;
using graph::Node;
using tensor::Tensor;

void evaluate(const Graph& graph, const Node& node, std::span<std::byte* const> inputs,
              std::span<std::byte* const> outputs) {
  std::vector<Tensor> borrowed(node.inputs.size());
  std::vector<const Tensor*> arguments(node.inputs.size(), nullptr);
  std::size_t next = 0;
  for (std::size_t slot = 0; slot < node.inputs.size(); ++slot) {
    if (node.inputs[slot] == graph::no_value) continue;
    const graph::Value& value = graph.value(node.inputs[slot]);
    if (value.constant) {
      arguments[slot] = &*value.constant;
      continue;
    }
    borrowed[slot] = Tensor::over(value.dtype, *value.shape, {inputs[next++], [](std::byte*) {}});
    arguments[slot] = &borrowed[slot];
  }
  const auto results = evaluate_plain(graph, node, arguments);
  if (!results) {
    throw graph::NodeError(node, "has no kernel for its element types", ErrorCode::unsupported);
  }
  next = 0;
  for (std::size_t k = 0; k < node.outputs.size(); ++k) {
    if (node.outputs[k] == graph::no_value) continue;
    const Tensor& result = results->at(k);
    const graph::Value& value = graph.value(node.outputs[k]);
    AMPD_CHECK(result.dtype() == value.dtype && result.shape() == *value.shape);
    if (result.size() > 0) std::memcpy(outputs[next], result.bytes().data(), result.bytes().size());
    ++next;
  }
}

}  // namespace

LoopCall plain_call(const Graph& graph, const Node& node) {
  const auto alone = std::make_shared<const Graph>(graph::with_one_node(graph, node));
  return {[alone](auto inputs, auto outputs) {
    evaluate(*alone, alone->nodes.front(), inputs, outputs);
  }};
}

}  // namespace ampd::engine
