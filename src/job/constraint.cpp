// g++ 12 takes a union in its own <regex> for uninitialized when a sanitizer is on.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <algorithm>
#include <optional>
#include <regex>

#include "ampd/error.hpp"
#include "job/job.hpp"

namespace ampd::job {
namespace {

std::string words(const std::vector<Precision>& precisions) {
  std::string text;
  for (const Precision precision : precisions) {
    text += (text.empty() ? "" : ", ") + std::string(to_string(precision));
  }
  return text;
}

std::string name_of(const Constraint& constraint) {
  return std::string(constraint.scope == Constraint::Scope::op ? "op_wise" : "optype_wise") +
         " \"" + constraint.pattern + "\"";
}

std::regex compile(const std::string& pattern) {
  constexpr std::size_t pattern_characters_max = 512;
  if (pattern.size() > pattern_characters_max) {
    throw std::regex_error(std::regex_constants::error_complexity);
  }
  return std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial);
}

/// A constraint, ready to be compared with operators.
class Matcher {
 public:
  explicit Matcher(const Constraint& constraint) : constraint_(&constraint) {
    try {
      pattern_ = compile(constraint.pattern);
    } catch (const std::regex_error&) {
      throw Error(ErrorCode::invalid, name_of(constraint) + " is not a regular expression");
    }
  }

  const Constraint& constraint() const { return *constraint_; }
  bool has_matched() const { return has_matched_; }

  bool matches(const TunableOp& op) {
    const bool by_name = constraint_->scope == Constraint::Scope::op;
    const bool found = std::regex_match(by_name ? op.name : op.type, pattern_);
    has_matched_ = has_matched_ || found;
    return found;
  }

 private:
  const Constraint* constraint_;
  std::regex pattern_;
  bool has_matched_ = false;
};

/// Leaves `op` the precisions that it is offered and allowed; one alone is pinned.
void narrow(TunableOp& op, const Constraint& constraint, Precision target) {
  std::vector<Precision> left;
  for (const Precision precision : op.precisions) {
    if (std::ranges::count(constraint.allowed, precision) > 0) left.push_back(precision);
  }
  if (left.empty()) {
    throw Error(ErrorCode::unsupported,
                "the operator \"" + op.name + "\" runs in " + words(op.precisions) + " here, but " +
                    name_of(constraint) + " allows only " + words(constraint.allowed));
  }
  const bool is_searched =
      std::ranges::count(left, Precision::fp32) > 0 && std::ranges::count(left, target) > 0;
  if (is_searched) {
    op.precisions = left;
  } else {
    op.pinned = std::ranges::min(left);
  }
}

}  // namespace

bool is_pattern(const std::string& pattern) {
  try {
    compile(pattern);
    return true;
  } catch (const std::regex_error&) {
    return false;
  }
}

void apply_constraints(const Job& job, TuningSpace& space) {
  std::vector<Matcher> matchers(job.constraints.begin(), job.constraints.end());
  for (TunableOp& op : space.ops) {
    const Constraint* chosen = nullptr;
    for (Matcher& matcher : matchers) {
      if (!matcher.matches(op)) continue;
      const bool by_name = matcher.constraint().scope == Constraint::Scope::op;
      const bool chosen_by_name = chosen != nullptr && chosen->scope == Constraint::Scope::op;
      if (by_name || !chosen_by_name) chosen = &matcher.constraint();
    }
    if (chosen != nullptr) narrow(op, *chosen, space.target);
  }
  for (const Matcher& matcher : matchers) {
    if (matcher.has_matched() || !matcher.constraint().must_match) continue;
    throw Error(ErrorCode::invalid, name_of(matcher.constraint()) + " matches none of the " +
                                        std::to_string(space.ops.size()) +
                                        " operators that can be tuned");
  }
}

}  // namespace ampd::job
