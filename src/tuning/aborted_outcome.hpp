// The outcome of a trial that was ended because what was left could not have made it matter.
#pragma once

#include <cstdint>

#include "ampd/outcome.hpp"

namespace ampd::tuning {

/// After `samples` the accuracy could have come to `best_possible` at best, which does not reach
/// `accuracy_needed`.
Outcome aborted_outcome(double best_possible, std::int64_t samples, double accuracy_needed);

}  // namespace ampd::tuning
