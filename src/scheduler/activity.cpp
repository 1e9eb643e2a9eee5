#include "scheduler/activity.hpp"

#include <array>

namespace ampd::scheduler {
namespace {

constexpr std::array<std::string_view, 5> phase_names{"verifying", "evaluating", "measuring",
                                                      "waiting", "stopping"};

}  // namespace

std::string_view to_string(Phase phase) {
  return phase_names.at(static_cast<std::size_t>(phase));
}

}  // namespace ampd::scheduler
