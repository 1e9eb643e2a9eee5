#include "tuning/aborted_outcome.hpp"

#include <array>
#include <charconv>
#include <string>

namespace ampd::tuning {
namespace {

constexpr int significant_digits = 7;

std::string text_of(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::general, significant_digits);
  return {text.data(), end.ptr};
}

}  // namespace

Outcome aborted_outcome(double best_possible, std::int64_t samples, double accuracy_needed) {
  Outcome outcome;
  outcome.state = TrialState::aborted;
  outcome.reason = "after " + std::to_string(samples) + " samples it could have come to " +
                   text_of(best_possible) + " at best, and " + text_of(accuracy_needed) +
                   " was needed";
  return outcome;
}

}  // namespace ampd::tuning
