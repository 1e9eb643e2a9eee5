#include "graph/graph.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "ampd/error.hpp"

namespace ampd::graph {
namespace {

template <class T>
const T* find(const std::map<std::string, Attribute, std::less<>>& entries, std::string_view name,
              std::string_view kind) {
  const auto found = entries.find(name);
  if (found == entries.end()) return nullptr;
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) {
    throw Error(ErrorCode::invalid,
                "the attribute " + std::string(name) + " must be " + std::string(kind));
  }
  return value;
}

}  // namespace

bool Attributes::has(std::string_view name) const {
  return entries_.find(name) != entries_.end();
}

std::int64_t Attributes::integer(std::string_view name, std::int64_t otherwise) const {
  const auto* value = find<std::int64_t>(entries_, name, "an integer");
  return value != nullptr ? *value : otherwise;
}

float Attributes::real(std::string_view name, float otherwise) const {
  const auto* value = find<float>(entries_, name, "a real number");
  return value != nullptr ? *value : otherwise;
}

std::string Attributes::text(std::string_view name, std::string_view otherwise) const {
  const auto* value = find<std::string>(entries_, name, "a string");
  return value != nullptr ? *value : std::string(otherwise);
}

std::vector<std::int64_t> Attributes::integers(std::string_view name) const {
  const auto* value = find<std::vector<std::int64_t>>(entries_, name, "a list of integers");
  return value != nullptr ? *value : std::vector<std::int64_t>();
}

std::vector<float> Attributes::reals(std::string_view name) const {
  const auto* value = find<std::vector<float>>(entries_, name, "a list of real numbers");
  return value != nullptr ? *value : std::vector<float>();
}

std::vector<std::string> Attributes::texts(std::string_view name) const {
  const auto* value = find<std::vector<std::string>>(entries_, name, "a list of strings");
  return value != nullptr ? *value : std::vector<std::string>();
}

const tensor::Tensor* Attributes::tensor(std::string_view name) const {
  return find<tensor::Tensor>(entries_, name, "a tensor");
}

void Attributes::set(std::string name, Attribute value) {
  entries_.insert_or_assign(std::move(name), std::move(value));
}

void Attributes::erase(std::string_view name) {
  const auto found = entries_.find(name);
  if (found != entries_.end()) entries_.erase(found);
}

ValueId Graph::add_value(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(std::string constant_name, tensor::Tensor constant) {
  Value value;
  value.name = std::move(constant_name);
  value.dtype = constant.dtype();
  value.shape = constant.shape();
  value.constant = std::move(constant);
  return add_value(std::move(value));
}

std::vector<std::optional<std::size_t>> Graph::producers() const {
  std::vector<std::optional<std::size_t>> result(values.size());
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    for (const ValueId output : nodes[index].outputs) {
      if (output != no_value) result.at(static_cast<std::size_t>(output)) = index;
    }
  }
  return result;
}

std::vector<std::vector<std::size_t>> Graph::consumers() const {
  std::vector<std::vector<std::size_t>> result(values.size());
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    for (const ValueId input : nodes[index].inputs) {
      if (input != no_value) result.at(static_cast<std::size_t>(input)).push_back(index);
    }
    for (const PostOp& post_op : nodes[index].post_ops) {
      if (post_op.operand != no_value) {
        result.at(static_cast<std::size_t>(post_op.operand)).push_back(index);
      }
    }
  }
  return result;
}

bool Graph::is_output(ValueId id) const {
  return std::find(outputs.begin(), outputs.end(), id) != outputs.end();
}

const Node* Graph::find_node(std::string_view node_name) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(),
                                  [&](const Node& node) { return node.name == node_name; });
  return found != nodes.end() ? &*found : nullptr;
}

}  // namespace ampd::graph
