#include "ampd/trial.hpp"

namespace ampd::tuning {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::baseline:
      return "baseline";
    case Stage::model_wise:
      return "model_wise";
    case Stage::fallback:
      return "fallback";
    case Stage::incremental:
      return "incremental";
    case Stage::refine:
      return "refine";
  }
  return "baseline";
}

std::optional<Stage> parse_stage(std::string_view word) {
  for (const Stage stage :
       {Stage::baseline, Stage::model_wise, Stage::fallback, Stage::incremental, Stage::refine}) {
    if (to_string(stage) == word) return stage;
  }
  return std::nullopt;
}

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::goal_met:
      return "goal_met";
    case StopReason::exhausted:
      return "exhausted";
    case StopReason::max_trials:
      return "max_trials";
    case StopReason::timeout:
      return "timeout";
    case StopReason::performance_only:
      return "performance_only";
    case StopReason::baseline_failed:
      return "baseline_failed";
  }
  return "exhausted";
}

}  // namespace ampd::tuning
