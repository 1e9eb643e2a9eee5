// The stage after the goal: from the best config that meets it on, one op at a time.
//
// Round by round, the fp32 ops of the current config go back to the low precision, each alone, the
// least harmful first; what still meets the goal, and by the objective loses nothing, is the
// current config from then on. Where latency is the objective, low-precision ops beside an fp32 op
// or at an end of the graph then go to fp32, as their casts may cost more than they save: what is
// measurably faster than before and than the baseline is taken. Both go on until no op is left
// whose change has not been tried on the current config. No config is tried twice.
//
// Under the objective `accuracy` more low-precision ops win over more accuracy than the goal asks.
// A pure function of the trials, as the whole search.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ampd/settings.hpp"
#include "ampd/trial.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd::tuning {

struct Refinement {
  struct Step {
    std::size_t op = 0;
    TuneConfig config;
  };

  std::size_t current = 0;  // index of the trial that it has come to
  std::vector<Step> next;   // to be tried on it, in this order, until one of them is taken
};

/// `trials` are all trials; those from `first` on are of this stage, which began at trial `start`.
/// `harm`: the ops in the order in which they hurt.
Refinement refine(const TuningSpace& space, const TuneSettings& settings,
                  std::span<const Trial> trials, std::size_t first, std::size_t start,
                  const std::vector<RankedOp>& harm);

}  // namespace ampd::tuning
