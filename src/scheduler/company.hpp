// Which trials are evaluated together: all of one stage, as many as promise to be worth it.
//
// Trials that share a pass run what their configs have in common once, but the search may end
// before some of them are wanted. So the first pass of a stage may cost as much as two trials, and
// a later one as much as two for each trial that the stage has behind it. What a pass carries
// decides what it costs, never what comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "store/trial_record.hpp"
#include "tuning/search.hpp"

namespace ampd::scheduler {

/// What evaluations may take.
struct PassLimits {
  std::int64_t memory_bytes = 0;  // of the worker; 0: half of the machine's
  std::int64_t trials = 64;       // in one pass
};

/// The next trials that may share a pass, the next one first, at most `trials_max`.
std::vector<tuning::Proposal> next_company(const tuning::Search& search, std::int64_t trials_max);

/// Of them, those that began a pass together.
std::vector<tuning::Proposal> company_of(const tuning::Search& search, const store::Pass& pass);

std::vector<std::string> digests_of(const tuning::Search& search,
                                    const std::vector<tuning::Proposal>& company);

/// What the next pass may cost, times what its first trial costs alone.
double cost_max(const tuning::Search& search);

}  // namespace ampd::scheduler
