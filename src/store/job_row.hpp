// The rows of the tables `job`, `op`, `input` and `epoch` that make up a job.
#pragma once

#include <cstdint>
#include <string>

#include "store/job_record.hpp"
#include "store/statement.hpp"
#include "store/trial_record.hpp"

namespace ampd::store {

/// Stores a queued job and returns its id. Its digest begins its trials' chain.
std::int64_t insert(const Database& database, const JobDefinition& definition,
                    const std::string& fingerprint, std::int64_t now_microseconds);

/// Throws Error: not_found, corrupt (the definition does not have its digest).
JobRecord read_job(const Database& database, std::int64_t job);

}  // namespace ampd::store
