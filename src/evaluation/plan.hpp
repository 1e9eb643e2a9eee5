// What a job will take, before anything of it is run: trials, passes, time and memory.
//
// The search is gone through to its end with made-up outcomes that never meet the goal. Trials
// share passes as they do when the job runs (tuning/company.hpp), and each pass is rehearsed
// (rehearsal.hpp), so that data, metric and merging are in the prediction. The order in which
// operators will hurt is not known: the ranking is a shuffled one, drawn from the job's seed.
// `refine` needs a met goal, and so is none of the stages: its first round is told beside them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ampd/trial.hpp"
#include "evaluation/model.hpp"
#include "evaluation/observer.hpp"
#include "job/job.hpp"

namespace ampd::evaluation {

struct Plan {
  struct Stage {
    tuning::Stage stage = tuning::Stage::baseline;
    std::int64_t trials = 0;
    std::int64_t reused = 0;  // of them, whose config an earlier trial has had
    std::int64_t passes = 0;
    double seconds = 0;
  };

  std::vector<Stage> stages;  // that are reached, in their order
  tuning::StopReason end = tuning::StopReason::exhausted;
  bool is_timed = true;            // false: a command evaluates the trials and takes what it takes
  std::int64_t batches = 0;        // of each trial; 0 if not timed
  double preparation_seconds = 0;  // to open model and data
  double latency_seconds = 0;      // to measure the best config's latency at the end
  std::int64_t memory_bytes = 0;   // of the worker, the most after a batch; 0 if not timed

  /// What `refine` adds at most, if no trial of it is an improvement, once the goal is met; 0 where
  /// the job does not refine. Each improvement adds again less than this.
  std::int64_t refine_trials = 0;
  double refine_seconds = 0;
};

/// What evaluations may take, as when the job runs.
struct PlanLimits {
  std::int64_t memory_bytes_max = 0;  // of the process; 0: as much as it takes
  std::int64_t trials_max = 64;       // in one pass
};

/// Runs the model on the job's data, and no command of the user's. Progress counts trials. Nothing
/// when stopped. Throws Error: what Evaluator and tuning::Search throw, and what
/// job::apply_constraints does.
std::optional<Plan> plan(const std::shared_ptr<Model>& model, const job::Job& job,
                         const PlanLimits& limits, const Observer& observer = {});

}  // namespace ampd::evaluation
