#include "graph/rewriter.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace ampd::graph {
namespace {

std::size_t position(ValueId id) {
  return static_cast<std::size_t>(id);
}

}  // namespace

Rewriter::Rewriter(Graph& graph)
    : graph_(graph),
      producers_(graph.producers()),
      readers_(graph.consumers()),
      is_output_(graph.values.size(), false),
      removed_(graph.nodes.size(), false),
      before_(graph.nodes.size()),
      after_(graph.nodes.size()) {
  for (const ValueId id : graph.outputs) is_output_.at(position(id)) = true;
}

std::optional<std::size_t> Rewriter::producer(ValueId id) const {
  return id == no_value ? std::nullopt : producers_.at(position(id));
}

bool Rewriter::is_private(ValueId id) const {
  return readers_.at(position(id)).size() == 1 && !is_output(id);
}

std::optional<std::size_t> Rewriter::only_reader(ValueId id) const {
  return is_private(id) ? std::optional(readers_.at(position(id)).front()) : std::nullopt;
}

const tensor::Tensor* Rewriter::constant(ValueId id) const {
  if (id == no_value || !graph_.value(id).constant) return nullptr;
  return &*graph_.value(id).constant;
}

void Rewriter::grow() {
  producers_.resize(graph_.values.size());
  readers_.resize(graph_.values.size());
  is_output_.resize(graph_.values.size(), false);
}

ValueId Rewriter::add_constant(std::string name, tensor::Tensor value) {
  const ValueId id = graph_.add_constant(std::move(name), std::move(value));
  grow();
  return id;
}

ValueId Rewriter::add_value(const std::string& name, tensor::DType dtype,
                            std::optional<tensor::Shape> shape) {
  Value value;
  value.name = name;
  value.dtype = dtype;
  value.shape = std::move(shape);
  const ValueId id = graph_.add_value(std::move(value));
  grow();
  return id;
}

void Rewriter::add_reader(ValueId id, std::size_t index) {
  if (id != no_value) readers_.at(position(id)).push_back(index);
}

void Rewriter::drop_reader(ValueId id, std::size_t index) {
  if (id == no_value) return;
  std::vector<std::size_t>& readers = readers_.at(position(id));
  const auto found = std::find(readers.begin(), readers.end(), index);
  AMPD_CHECK(found != readers.end());
  readers.erase(found);
}

void Rewriter::set_input(std::size_t index, std::size_t slot, ValueId id) {
  std::vector<ValueId>& inputs = node(index).inputs;
  if (slot >= inputs.size()) inputs.resize(slot + 1, no_value);
  drop_reader(inputs[slot], index);
  inputs[slot] = id;
  add_reader(id, index);
}

void Rewriter::add_post_op(std::size_t index, PostOp post_op) {
  add_reader(post_op.operand, index);
  node(index).post_ops.push_back(std::move(post_op));
}

void Rewriter::set_output(std::size_t index, ValueId id, std::size_t slot) {
  ValueId& output = node(index).outputs.at(slot);
  if (output != no_value) producers_.at(position(output)).reset();
  output = id;
  producers_.at(position(id)) = index;
}

void Rewriter::redirect(ValueId from, ValueId to) {
  AMPD_CHECK(!is_output(from));
  std::vector<std::size_t> readers = std::move(readers_.at(position(from)));
  readers_.at(position(from)).clear();
  for (const std::size_t reader : readers) {
    std::replace(node(reader).inputs.begin(), node(reader).inputs.end(), from, to);
    for (PostOp& post_op : node(reader).post_ops) {
      if (post_op.operand == from) post_op.operand = to;
    }
    add_reader(to, reader);
  }
}

void Rewriter::remove(std::size_t index) {
  for (const ValueId input : node(index).inputs) drop_reader(input, index);
  for (const PostOp& post_op : node(index).post_ops) drop_reader(post_op.operand, index);
  for (const ValueId output : node(index).outputs) {
    if (output != no_value && producers_.at(position(output)) == index) {
      producers_.at(position(output)).reset();
    }
  }
  removed_.at(index) = true;
}

void Rewriter::absorb(std::size_t into, std::size_t index) {
  std::vector<std::string>& absorbed = node(into).absorbed;
  absorbed.push_back(node(index).name);
  absorbed.insert(absorbed.end(), node(index).absorbed.begin(), node(index).absorbed.end());
  remove(index);
  set_output(into, node(index).outputs.at(0));
}

bool Rewriter::is_closed(const std::set<std::size_t>& pattern, std::size_t root) const {
  return std::ranges::all_of(pattern, [&](std::size_t index) {
    const Node& inner = graph_.nodes.at(index);
    return index == root || std::ranges::all_of(inner.outputs, [&](ValueId id) {
             return id == no_value ||
                    (!is_output(id) && std::ranges::all_of(readers(id), [&](auto at) {
                      return pattern.contains(at);
                    }));
           });
  });
}

void Rewriter::fuse(const std::set<std::size_t>& pattern, std::size_t root, Node fused) {
  AMPD_CHECK(pattern.contains(root) && is_closed(pattern, root));
  fused.outputs = {node(root).outputs.at(0)};
  for (const std::size_t index : pattern) {
    const Node& inner = node(index);
    if (inner.name != fused.name) fused.absorbed.push_back(inner.name);
    fused.absorbed.insert(fused.absorbed.end(), inner.absorbed.begin(), inner.absorbed.end());
    remove(index);
  }
  removed_.at(root) = false;
  for (const ValueId input : fused.inputs) add_reader(input, root);
  producers_.at(position(fused.outputs.at(0))) = root;
  node(root) = std::move(fused);
}

void Rewriter::replace_by_constant(std::size_t index, tensor::Tensor value) {
  Value& output = graph_.value(node(index).outputs.at(0));
  output.dtype = value.dtype();
  output.shape = value.shape();
  output.constant = std::move(value);
  remove(index);
}

void Rewriter::insert_before(std::size_t index, Node node) {
  before_.at(index).push_back(std::move(node));
}

void Rewriter::insert_after(std::size_t index, Node node) {
  after_.at(index).push_back(std::move(node));
}

void Rewriter::finish() {
  std::vector<Node> nodes;
  nodes.reserve(graph_.nodes.size());
  const auto append = [&nodes](std::vector<Node>& more) {
    std::move(more.begin(), more.end(), std::back_inserter(nodes));
  };
  for (std::size_t index = 0; index < graph_.nodes.size(); ++index) {
    append(before_[index]);
    if (!removed_[index]) nodes.push_back(std::move(graph_.nodes[index]));
    append(after_[index]);
  }
  graph_.nodes = std::move(nodes);
}

}  // namespace ampd::graph
