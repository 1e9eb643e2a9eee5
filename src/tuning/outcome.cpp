#include "ampd/outcome.hpp"

namespace ampd {

std::string_view to_string(TrialState state) {
  switch (state) {
    case TrialState::done:
      return "done";
    case TrialState::invalid:
      return "invalid";
    case TrialState::failed:
      return "failed";
    case TrialState::aborted:
      return "aborted";
  }
  return "failed";
}

std::optional<TrialState> parse_trial_state(std::string_view word) {
  for (const TrialState state :
       {TrialState::done, TrialState::invalid, TrialState::failed, TrialState::aborted}) {
    if (to_string(state) == word) return state;
  }
  return std::nullopt;
}

}  // namespace ampd
