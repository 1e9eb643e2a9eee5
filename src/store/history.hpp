// A job's stored trials, verified and folded through a new search: where an interrupted job
// stands.
//
// Every trial's digest is checked against its row and its predecessor's digest before the trial is
// used, and every stored proposal is compared with the one that the search makes at that point.
#pragma once

#include <optional>

#include "store/job_record.hpp"
#include "store/trial_record.hpp"
#include "tuning/search.hpp"

namespace ampd::store {

class Database;

struct History {
  tuning::Search search;     // after the last stored outcome
  ChainDigest chain;         // of the last stored outcome, or the job's own
  std::optional<Pass> pass;  // the evaluation of search.next() so far, if it was begun
};

/// Throws Error: corrupt naming job and seq for damage; divergence for a proposal that differs.
History read_history(const Database& database, const JobRecord& record);

}  // namespace ampd::store
