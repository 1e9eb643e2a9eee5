#include "evaluation/stage.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/plain.hpp"
#include "graph/node_error.hpp"
#include "graph/passes.hpp"

namespace ampd::evaluation {
namespace {

constexpr std::size_t following_max = 16;

bool are_equal(const tensor::Tensor& a, const tensor::Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::ranges::equal(a.bytes(), b.bytes());
}

bool are_equal(const Tensors& a, const Tensors& b) {
  return std::ranges::equal(a, b, [](const auto& left, const auto& right) {
    return left.first == right.first && are_equal(left.second, right.second);
  });
}

}  // namespace

Stage::Stage(graph::Graph settled) {
  if (graph::find_open_node(settled) != nullptr) {
    cut_ = graph::cut(std::move(settled));
    settled = std::exchange(cut_->first, {});
  }
  graph_ = graph::complete(std::move(settled), engine::evaluate_plain);
}

Tensors Stage::inputs(const Tensors& values) const {
  Tensors inputs;
  for (const graph::ValueId id : graph_.inputs) {
    const auto found = values.find(graph_.value(id).name);
    if (found != values.end()) inputs.insert(*found);
  }
  return inputs;
}

void Stage::select(const graph::Node& node, Tensors& values) const {
  const graph::Graph& graph = selection();
  std::vector<const tensor::Tensor*> inputs;
  for (const graph::ValueId id : node.inputs) {
    const graph::Value* value = id == graph::no_value ? nullptr : &graph.value(id);
    inputs.push_back(value == nullptr  ? nullptr
                     : value->constant ? &*value->constant
                                       : &values.at(value->name));
  }
  auto results = engine::evaluate_plain(graph, node, inputs);
  if (!results) {
    throw graph::NodeError(node, "has no kernel for its element types", ErrorCode::unsupported);
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == graph::no_value) continue;
    values.insert_or_assign(graph.value(node.outputs[i]).name, std::move((*results)[i]));
  }
}

std::shared_ptr<Stage> Stage::next(const Tensors& values) {
  Following wanted;
  for (const graph::ValueId id : cut_->rest.inputs) {
    const std::string& name = cut_->rest.value(id).name;
    const tensor::Tensor& value = values.at(name);
    wanted.shapes.emplace(name, value.shape());
    if (cut_->deciding.contains(name)) wanted.deciding.emplace(name, value);
  }
  const auto known = std::ranges::find_if(following_, [&](const Following& each) {
    return each.shapes == wanted.shapes && are_equal(each.deciding, wanted.deciding);
  });
  if (known != following_.end()) {
    following_.splice(following_.begin(), following_, known);
  } else {
    wanted.stage = std::make_shared<Stage>(
        graph::settle(cut_->rest, wanted.shapes, wanted.deciding, engine::evaluate_plain));
    following_.push_front(std::move(wanted));
    if (following_.size() > following_max) following_.pop_back();
  }
  return following_.front().stage;
}

}  // namespace ampd::evaluation
