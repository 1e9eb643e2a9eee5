#include "job/parameter_value.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "job/scalar.hpp"
#include "job/section.hpp"

namespace ampd::job {
namespace {

using nlohmann::json;

bool in_range(const Parameter& parameter, double value) {
  return value >= parameter.minimum && value <= parameter.maximum;
}

/// The scalar as an element of `parameter`; null if it is none.
json integer_of(const Parameter& parameter, const Node& node) {
  if (!node.is_scalar()) return nullptr;
  const auto value = parse_integer(node.text);
  if (!value || !in_range(parameter, static_cast<double>(*value))) return nullptr;
  return *value;
}

json number_of(const Parameter& parameter, const Node& node) {
  if (!node.is_scalar()) return nullptr;
  const auto value = parse_number(node.text);
  if (!value || !in_range(parameter, *value)) return nullptr;
  return *value;
}

json text_of(const Parameter& parameter, const Node& node) {
  if (!node.is_scalar() || node.text.empty()) return nullptr;
  const bool is_known =
      parameter.choices.empty() || std::ranges::count(parameter.choices, node.text) > 0;
  return is_known ? json(node.text) : json(nullptr);
}

/// A scalar as a list: "1, 2" has two items.
std::vector<Node> items_of(const Node& node) {
  if (!node.is_scalar()) return node.children;
  std::vector<Node> items;
  for (const std::string& word : split_words(node.text)) {
    Node item = node;
    item.text = word;
    items.push_back(std::move(item));
  }
  return items;
}

template <typename Element>
json list_of(const Parameter& parameter, const Node& node, Element element) {
  if (!node.is_scalar() && !node.is_sequence()) return nullptr;
  json list = json::array();
  for (const Node& item : items_of(node)) {
    list.push_back(element(parameter, item));
    if (list.back().is_null()) return nullptr;
  }
  return list.empty() ? json(nullptr) : list;
}

json size_of(const Parameter& parameter, const Node& node) {
  const json list = list_of(parameter, node, integer_of);
  if (list.is_null() || list.size() > 2) return nullptr;
  return json::array({list.front(), list.back()});
}

json shapes_of(const Parameter& parameter, const Node& node) {
  const bool is_nested = node.is_sequence() && !node.children.empty() &&
                         std::ranges::all_of(node.children, &Node::is_sequence);
  json shapes = json::array();
  if (is_nested) {
    for (const Node& item : node.children) {
      shapes.push_back(list_of(parameter, item, integer_of));
    }
  } else {
    shapes.push_back(list_of(parameter, node, integer_of));
  }
  return std::ranges::count(shapes, json(nullptr)) > 0 ? json(nullptr) : shapes;
}

json boolean_of(const Node& node) {
  const auto value = node.is_scalar() && !node.quoted ? parse_boolean(node.text) : std::nullopt;
  return value ? json(*value) : json(nullptr);
}

}  // namespace

std::string expectation(const Parameter& parameter) {
  if (!parameter.choices.empty()) return one_of(parameter.choices);
  std::string text;
  switch (parameter.kind) {
    case Kind::size:
      text = "an integer or [height, width]";
      break;
    case Kind::integers:
      text = "a list of integers";
      break;
    case Kind::numbers:
      text = "a list of numbers";
      break;
    case Kind::texts:
      text = "a list of texts";
      break;
    case Kind::shapes:
      text = "a list of integers, or a list of such lists";
      break;
    case Kind::arrays:
      text = "a mapping of the model's inputs to arrays";
      break;
    case Kind::integer:
      text = "an integer";
      break;
    case Kind::number:
      text = "a number";
      break;
    default:
      text = std::string(to_string(parameter.kind));
  }
  const bool has_minimum = std::isfinite(parameter.minimum);
  const bool has_maximum = std::isfinite(parameter.maximum);
  if (has_minimum) text += " from " + to_text(parameter.minimum);
  if (has_maximum) text += " to " + to_text(parameter.maximum);
  return text;
}

json value_of(const Parameter& parameter, const Node& node) {
  const bool is_quoted_number = node.is_scalar() && node.quoted;
  switch (parameter.kind) {
    case Kind::boolean:
      return boolean_of(node);
    case Kind::integer:
      return is_quoted_number ? json(nullptr) : integer_of(parameter, node);
    case Kind::number:
      return is_quoted_number ? json(nullptr) : number_of(parameter, node);
    case Kind::size:
      return size_of(parameter, node);
    case Kind::integers:
      return list_of(parameter, node, integer_of);
    case Kind::numbers:
      return list_of(parameter, node, number_of);
    case Kind::texts:
      return list_of(parameter, node, text_of);
    case Kind::shapes:
      return shapes_of(parameter, node);
    default:
      return text_of(parameter, node);
  }
}

}  // namespace ampd::job
