// What is said of a job's trials and of its end, in events and results.
#pragma once

#include <string>

#include "store/event.hpp"
#include "store/trial_record.hpp"
#include "tuning/search.hpp"

namespace ampd::scheduler {

/// The outcome of the search's last trial, and whose it is.
store::Note trial_note(const tuning::Search& search,
                       const std::optional<store::TrialPlace>& shared_from = {});

store::Note measurement_note(std::int64_t seq, const store::Measurement& measurement);

/// "failed: the worker died", of an outcome that is not done.
std::string failure_of(const Outcome& outcome);

/// What has become of a search that has ended; `ended_early`: by a user, or in the middle of a
/// trial by its time-out.
std::string result_of(const tuning::Search& search, bool ended_early);

}  // namespace ampd::scheduler
