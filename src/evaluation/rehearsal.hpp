// What a pass will cost, found by evaluating its first batches.
//
// The evaluation is the real one, on the job's own data and with its metric, and is stopped when
// its pace is known. What it makes (reordered weights, fp32 outputs) stays with the evaluator, as
// it would after the whole pass. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "evaluation/evaluator.hpp"

namespace ampd::evaluation {

struct Rehearsal {
  std::int64_t configs = 1;       // that the budget lets into the pass
  double seconds = 0;             // of the whole pass, building and preparing data included
  double round_seconds = 0;       // of one batch in each lane once all is built
  std::int64_t memory_bytes = 0;  // of the process, the most after a batch, with all kept data
};

/// The pass that `configs` and `budget` make. Nothing when stopped; `observer` is asked for that
/// alone. Throws what Evaluator::evaluate throws.
std::optional<Rehearsal> rehearse(Evaluator& evaluator, const std::vector<Precisions>& configs,
                                  const Budget& budget, const Observer& observer);

}  // namespace ampd::evaluation
