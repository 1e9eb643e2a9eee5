// What other jobs have found out about the same evaluation.
//
// An accuracy depends on model, data, metric, config and the fingerprint of the numerics alone, so
// a job may take it from another one's trial. What was timed is not taken over: it depends on the
// machine as well.
#pragma once

#include <map>
#include <string>

#include "ampd/outcome.hpp"
#include "store/job_record.hpp"
#include "store/trial_record.hpp"

namespace ampd::store {

class Database;

struct SharedOutcome {
  TrialPlace place;
  Outcome outcome;  // without times
};

/// By config digest, in hex; of several the newest job's. A job's trials are taken up to the first
/// one that is not what was written.
using SharedOutcomes = std::map<std::string, SharedOutcome>;

SharedOutcomes read_shared_outcomes(const Database& database, const JobRecord& record);

}  // namespace ampd::store
