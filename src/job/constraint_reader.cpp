#include "job/constraint_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "job/key.hpp"
#include "job/scalar.hpp"
#include "job/section.hpp"
#include "job/unoffered_precision.hpp"

namespace ampd::job {
namespace {

constexpr std::array offered{Precision::fp32, Precision::bf16};

std::vector<std::string> words_of(const Node& node) {
  if (node.is_scalar()) return split_words(node.text);
  std::vector<std::string> words;
  for (const Node& item : node.children) words.push_back(item.is_scalar() ? item.text : "");
  return words;
}

/// The precisions that `node` lists, highest first; nothing if any word is not one that is offered.
std::optional<std::vector<Precision>> precisions_of(const Node& node) {
  if (!node.is_scalar() && !node.is_sequence()) return std::nullopt;
  std::vector<Precision> precisions;
  for (const std::string& word : words_of(node)) {
    const auto precision = parse_precision(word);
    if (!precision || std::ranges::count(offered, *precision) == 0) return std::nullopt;
    if (std::ranges::count(precisions, *precision) == 0) precisions.push_back(*precision);
  }
  std::ranges::sort(precisions);
  return precisions.empty() ? std::nullopt : std::optional(precisions);
}

bool is_part(std::string_view key) {
  return key == "weight" || key == "activation";
}

/// The places in INC's form that name precisions: the `dtype` of `weight` and of `activation`.
std::vector<const Node*> dtypes_of(const Node& node) {
  std::vector<const Node*> dtypes;
  for (const Node& part : node.children) {
    const Node* dtype = is_part(part.key) && part.is_mapping() ? part.find("dtype") : nullptr;
    if (dtype != nullptr) dtypes.push_back(dtype);
  }
  return dtypes;
}

/// An operator computes in one precision, so only one that all parts allow is left.
std::vector<Precision> common(const std::vector<Precision>& a, const std::vector<Precision>& b) {
  std::vector<Precision> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return both;
}

class EntryReader {
 public:
  EntryReader(Report& report, const std::string& key, const Node& node)
      : report_(report), key_(key), node_(node) {}

  std::vector<Precision> read() const {
    if (!node_.is_mapping()) return precisions(key_, node_);
    check_children(report_, key_, node_);
    check_parts();
    const std::vector<const Node*> dtypes = dtypes_of(node_);
    if (dtypes.empty()) {
      report_.error(ProblemCode::missing, node_.key_place, key_, key_ + " names no precision",
                    "\"" + node_.key + "\": fp32");
      return {};
    }
    std::vector<Precision> allowed(offered.begin(), offered.end());
    for (const Node* dtype : dtypes) allowed = common(allowed, precisions(key_, *dtype));
    if (allowed.empty()) {
      report_.error(ProblemCode::invalid, node_.key_place, key_,
                    key_ + ": weight and activation share no precision, but an operator has one");
    }
    return allowed;
  }

 private:
  std::vector<Precision> precisions(const std::string& key, const Node& node) const {
    if (const auto found = precisions_of(node)) return *found;
    for (const std::string& word : words_of(node)) {
      const auto precision = parse_precision(word);
      if (precision && std::ranges::count(offered, *precision) == 0) {
        report_.error(ProblemCode::unsupported, node.key_place, key,
                      key + ": " + why_not_offered(*precision), "bf16");
        return {offered.begin(), offered.end()};
      }
    }
    report_.error(ProblemCode::invalid, node.key_place, key,
                  key + " must be fp32, bf16 or a list of them, not " + describe(node), "fp32");
    return {offered.begin(), offered.end()};
  }

  void check_parts() const {
    for (const Node& part : node_.children) {
      const std::string name = join(key_, part.key);
      if (!is_part(part.key)) {
        report_.error(
            ProblemCode::unknown_key, part.key_place, name,
            "unknown key \"" + part.key + "\" in " + key_ + "; expected one of weight, activation");
        continue;
      }
      for (const Node& option : part.children) {
        if (!part.is_mapping() || option.key == "dtype") continue;
        report_.warning(ProblemCode::unsupported, option.key_place, join(name, option.key),
                        join(name, option.key) + " is ignored: this is about int8");
      }
    }
  }

  Report& report_;
  const std::string& key_;
  const Node& node_;
};

/// INC's schema has `op_wise: {weight: {dtype: ...}}` too, without an operator, and never reads it.
bool is_without_operator(const Node& node) {
  return !node.children.empty() && std::ranges::all_of(node.children, [](const Node& child) {
    return is_part(child.key) && child.is_mapping() && child.find("dtype") != nullptr;
  });
}

}  // namespace

std::vector<Constraint> read_constraints(Report& report, Constraint::Scope scope,
                                         const std::string& key, const Node& node) {
  std::vector<Constraint> constraints;
  if (!node.is_mapping()) {
    report.error(ProblemCode::invalid, node.key_place, key,
                 key + " must be a mapping of patterns to precisions, not " + describe(node),
                 "{\"conv.*\": fp32}");
    return constraints;
  }
  if (is_without_operator(node)) {
    report.warning(ProblemCode::unsupported, node.key_place, key,
                   key + " is ignored: it names no operator", "{\"conv.*\": fp32}");
    return constraints;
  }
  check_children(report, key, node);
  for (const Node& entry : node.children) {
    const std::string name = join(key, entry.key);
    if (!is_pattern(entry.key)) {
      report.error(ProblemCode::invalid, entry.key_place, name,
                   "\"" + entry.key + "\" is not a regular expression as ECMAScript has them");
      continue;
    }
    constraints.push_back({scope, entry.key, EntryReader(report, name, entry).read()});
  }
  return constraints;
}

std::vector<Constraint> read_quantization_constraints(const Node& quantization) {
  std::vector<Constraint> constraints;
  const auto add = [&](Constraint::Scope scope, std::string_view key) {
    const Node* node = quantization.find(key);
    if (node == nullptr || !node->is_mapping()) return;
    for (const Node& entry : node->children) {
      const std::vector<const Node*> dtypes = dtypes_of(entry);
      std::vector<Precision> allowed(offered.begin(), offered.end());
      for (const Node* dtype : dtypes) {
        allowed = common(allowed, precisions_of(*dtype).value_or(std::vector<Precision>{}));
      }
      if (dtypes.empty() || allowed.empty() || !is_pattern(entry.key)) continue;
      constraints.push_back({scope, entry.key, allowed, false});
    }
  };
  add(Constraint::Scope::op_type, "optype_wise");
  add(Constraint::Scope::op, "op_wise");
  return constraints;
}

}  // namespace ampd::job
