// Which of several trials is the best one.
//
// Among trials that meet the goal the objective decides, else the accuracy. Of latencies those are
// compared that were measured beside the fp32 baseline's, as speedups, so that what disturbs the
// machine between two measurements does not decide; speedups whose intervals overlap are equal.
// Equal trials: more low-precision ops, then the smaller seq.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "ampd/settings.hpp"
#include "ampd/trial.hpp"

namespace ampd::tuning {

/// The index of the best trial; none when no trial with a low-precision op is done.
std::optional<std::size_t> winner(std::span<const Trial> trials, const TuneSettings& settings);

/// Whether the intervals of the two say so: `a` is faster than `b`, by the speedups of both.
bool is_faster(const Outcome& a, const Outcome& b);

/// What `objective` wants little of and is known exactly: bytes; the largest number if unknown.
std::int64_t bytes_of(const Outcome& outcome, Objective objective);

}  // namespace ampd::tuning
