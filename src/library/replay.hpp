// From dicts to a search that stands where the earlier one stood, and back.
#pragma once

#include "ampd/dicts.hpp"
#include "tuning/search.hpp"

namespace ampd::library {

/// Hands every trial of the dicts to a search that has none yet. Throws Error(divergence) when the
/// search does not propose what the dicts hold.
void replay(const Dicts& dicts, tuning::Search& search);

/// The dicts of what was evaluated in a search.
Dicts dicts_of(const tuning::Search& search);

/// Gives proposals that were evaluated before the earlier trial's own outcome.
void settle_reused(tuning::Search& search);

}  // namespace ampd::library
