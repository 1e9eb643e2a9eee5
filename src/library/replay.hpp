// From dicts to a search that stands where the earlier one stood, and back.
#pragma once

#include <string>

#include "ampd/dicts.hpp"
#include "tuning/search.hpp"

namespace ampd::library {

/// What outcomes hang on beside the search.
struct Ground {
  std::string model_digest;  // empty: the program executes the model
  std::string fingerprint;   // likewise
};

/// Hands every trial of the dicts to a search that has none yet. Throws Error(divergence) when they
/// stem from another ground, or the search does not propose what they hold.
void replay(const Dicts& dicts, const Ground& ground, tuning::Search& search);

/// The dicts of what was evaluated in a search.
Dicts dicts_of(const tuning::Search& search, const Ground& ground);

/// Gives proposals that were evaluated before the earlier trial's own outcome.
void settle_reused(tuning::Search& search);

}  // namespace ampd::library
