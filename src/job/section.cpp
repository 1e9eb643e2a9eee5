#include "job/section.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "job/key.hpp"
#include "job/nearest.hpp"
#include "job/scalar.hpp"

namespace ampd::job {
namespace {

std::string range_of(const std::string& kind, double minimum, double maximum) {
  return kind + " from " + to_text(minimum) + " to " + to_text(maximum);
}

}  // namespace

Section::Section(Report& report, std::string path, const Node* node, Place place)
    : report_(&report), path_(std::move(path)), place_(place) {
  if (node == nullptr || node->is_null() || node->kind == Node::Kind::alias) return;
  if (!node->is_mapping()) {
    report.error(ProblemCode::invalid, node->key_place, path_,
                 path_ + " must be a mapping of keys, not " + describe(*node));
    is_broken_ = true;
    return;
  }
  node_ = node;
  check_children(report, path_, *node);
  for (const Node& child : node->children) check_key(child);
}

void Section::check_key(const Node& child) const {
  const Key* key = find_key(path_, child.key);
  const std::string name = join(path_, child.key);
  if (key == nullptr) {
    const std::string where = path_.empty() ? "" : " in " + path_;
    const std::vector<std::string> known = key_names(path_);
    report_->error(ProblemCode::unknown_key, child.key_place, name,
                   "unknown key \"" + child.key + "\"" + where + "; expected " + one_of(known),
                   suggest_key(path_, child.key));
  } else if (key->use == Key::Use::ignored) {
    report_->warning(ProblemCode::unsupported, child.key_place, name,
                     name + " is ignored: " + key->meaning);
  } else if (key->use == Key::Use::refused) {
    report_->error(ProblemCode::unsupported, child.key_place, name, name + " is not offered",
                   key->meaning);
  }
}

const Node* Section::find(std::string_view name) const {
  AMPD_CHECK(find_key(path_, name) != nullptr);
  const Node* child = node_ == nullptr ? nullptr : node_->find(name);
  if (child == nullptr || child->kind == Node::Kind::alias) return nullptr;
  const bool is_empty = child->is_null() || (child->is_mapping() && child->children.empty());
  return is_empty ? nullptr : child;
}

Section Section::section(std::string_view name) const {
  AMPD_CHECK(find_key(path_, name) != nullptr);
  const Node* child = node_ == nullptr ? nullptr : node_->find(name);
  return Section(*report_, join(path_, name), child, child == nullptr ? place_ : child->key_place);
}

std::optional<std::int64_t> Section::integer(std::string_view name, std::int64_t minimum,
                                             std::int64_t maximum) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  const auto value = node->is_scalar() && !node->quoted ? parse_integer(node->text) : std::nullopt;
  if (value && *value >= minimum && *value <= maximum) return value;
  error(ProblemCode::invalid, name,
        join(path_, name) + " must be an integer from " + std::to_string(minimum) + " to " +
            std::to_string(maximum) + ", not " + describe(*node));
  return std::nullopt;
}

std::optional<double> Section::number(std::string_view name, double minimum, double maximum) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  const auto value = node->is_scalar() && !node->quoted ? parse_number(node->text) : std::nullopt;
  if (value && *value >= minimum && *value <= maximum) return value;
  error(ProblemCode::invalid, name,
        join(path_, name) + " must be " + range_of("a number", minimum, maximum) + ", not " +
            describe(*node));
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view name) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  const auto value = node->is_scalar() && !node->quoted ? parse_boolean(node->text) : std::nullopt;
  if (!value) {
    error(ProblemCode::invalid, name,
          join(path_, name) + " must be true or false, not " + describe(*node));
  }
  return value;
}

std::optional<std::string> Section::text(std::string_view name) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  if (node->is_scalar() && !node->text.empty()) return node->text;
  error(ProblemCode::invalid, name, join(path_, name) + " must be text, not " + describe(*node));
  return std::nullopt;
}

std::optional<std::string> Section::choice(std::string_view name,
                                           std::span<const std::string> choices) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  if (node->is_scalar() && std::ranges::count(choices, node->text) > 0) return node->text;
  error(ProblemCode::invalid, name,
        join(path_, name) + " must be " + one_of(choices) + ", not " + describe(*node),
        node->is_scalar() ? nearest(node->text, choices) : "");
  return std::nullopt;
}

std::optional<std::vector<std::string>> Section::texts(std::string_view name) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  if (node->is_scalar()) return split_words(node->text);
  std::vector<std::string> words;
  const bool is_list =
      node->is_sequence() &&
      std::ranges::all_of(node->children, [](const Node& n) { return n.is_scalar(); });
  if (!is_list) {
    error(ProblemCode::invalid, name,
          join(path_, name) + " must be a list of texts, not " + describe(*node));
    return std::nullopt;
  }
  for (const Node& item : node->children) words.push_back(item.text);
  return words;
}

void Section::error(ProblemCode code, std::string_view name, const std::string& message,
                    const std::string& suggestion) const {
  const Node* node = node_ == nullptr ? nullptr : node_->find(name);
  report_->error(code, node == nullptr ? place_ : node->key_place, join(path_, name), message,
                 suggestion);
}

void Section::warning(ProblemCode code, std::string_view name, const std::string& message,
                      const std::string& suggestion) const {
  const Node* node = node_ == nullptr ? nullptr : node_->find(name);
  report_->warning(code, node == nullptr ? place_ : node->key_place, join(path_, name), message,
                   suggestion);
}

void Section::missing(std::string_view name, const std::string& message,
                      const std::string& suggestion) const {
  if (is_broken_) return;
  error(ProblemCode::missing, name, join(path_, name) + " is missing: " + message, suggestion);
}

void check_children(Report& report, const std::string& path, const Node& mapping) {
  for (auto child = mapping.children.begin(); child != mapping.children.end(); ++child) {
    const std::string name = join(path, child->key);
    if (!child->tag.empty()) {
      report.warning(ProblemCode::unsupported, child->place, name,
                     "the YAML tag " + child->tag + " is ignored");
    }
    if (child->kind == Node::Kind::alias) {
      report.error(ProblemCode::unsupported, child->place, name, "YAML aliases are not read",
                   "the value itself");
    }
    const auto same_key = [&](const Node& other) { return other.key == child->key; };
    if (std::any_of(mapping.children.begin(), child, same_key)) {
      report.error(ProblemCode::invalid, child->key_place, name, name + " is given twice");
    }
  }
}

std::string describe(const Node& node) {
  constexpr std::size_t shown_max = 60;
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar: {
      const bool is_long = node.text.size() > shown_max;
      std::string shown = node.text.substr(0, shown_max);
      while (is_long && !shown.empty() && (static_cast<unsigned char>(shown.back()) & 0x80U) != 0) {
        shown.pop_back();
      }
      std::ranges::replace_if(
          shown, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
      return "\"" + shown + (is_long ? "..." : "") + "\"";
    }
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
    case Node::Kind::alias:
      return "an alias";
  }
  return "nothing";
}

std::string one_of(std::span<const std::string> words) {
  std::string text = words.size() == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : ", ") + words[i];
  return text;
}

std::string to_text(double number) {
  std::array<char, 400> buffer{};
  const bool is_whole = number == std::trunc(number) && std::abs(number) < 1e15;
  const auto [end, error] =
      is_whole ? std::to_chars(buffer.begin(), buffer.end(), number, std::chars_format::fixed)
               : std::to_chars(buffer.begin(), buffer.end(), number);
  AMPD_CHECK(error == std::errc{});
  return {buffer.begin(), end};
}

}  // namespace ampd::job
