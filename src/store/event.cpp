#include "store/event.hpp"

#include <array>

namespace ampd::store {
namespace {

constexpr std::array<std::string_view, 14> kind_names{
    "submitted", "warning", "started", "resumed",   "trial",    "retried", "goal_met",
    "measured",  "paused",  "epoch",   "cancelled", "finished", "failed",  "removed"};
constexpr std::array<std::string_view, 3> level_names{"info", "warning", "error"};

}  // namespace

std::string_view to_string(EventKind kind) {
  return kind_names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(EventLevel level) {
  return level_names.at(static_cast<std::size_t>(level));
}

}  // namespace ampd::store
