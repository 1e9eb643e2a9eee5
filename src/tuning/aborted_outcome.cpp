#include "tuning/aborted_outcome.hpp"

#include <string>

#include "base/number_text.hpp"

namespace ampd::tuning {
Outcome aborted_outcome(double best_possible, std::int64_t samples, double accuracy_needed) {
  Outcome outcome;
  outcome.state = TrialState::aborted;
  outcome.reason = "after " + std::to_string(samples) + " samples it could have come to " +
                   base::number_text(best_possible) + " at best, and " +
                   base::number_text(accuracy_needed) + " was needed";
  return outcome;
}

}  // namespace ampd::tuning
