// Which trials are evaluated together: all of one stage, as many as promise to be worth it.
//
// Trials that share a pass run what their configs have in common once, but the search may end
// before some of them are wanted. So the first pass of a stage may cost as much as two trials, and
// a later one as much as four for each trial that the stage has behind it; more, the less likely
// they are to meet the goal, and none more than half of the time that a time-out leaves, which ends
// a pass without its results. How likely: a trial is taken to win back any share of what the
// model-wise config loses as likely as any other, so that one in four meets a goal which wants
// three quarters of it back. A stage that refines turns with each trial that meets the goal, and
// counts from there. What a pass carries decides what it costs, never what comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tuning/search.hpp"

namespace ampd::tuning {

/// The outcome of a trial that needs no evaluation; nullptr for others.
using KnownOutcome = std::function<const Outcome*(const Proposal&)>;

/// The next trials that may share a pass, the next one first, at most `trials_max`. The next one is
/// not known. None comes after a known one that turns the search: it would not be wanted.
std::vector<Proposal> next_company(const Search& search, std::int64_t trials_max,
                                   const KnownOutcome& known = {});

/// Of them, those that began a pass together.
std::vector<Proposal> company_of(const Search& search,
                                 const std::vector<std::string>& config_digests,
                                 const KnownOutcome& known = {});

std::vector<std::string> digests_of(const Search& search, const std::vector<Proposal>& company);

/// What the next pass may cost, times what its first trial costs alone.
double cost_max(const Search& search);

}  // namespace ampd::tuning
