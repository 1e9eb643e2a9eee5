// Puts what a client has uploaded in place of the paths that his job names.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>

#include "job/job.hpp"
#include "store/uploads.hpp"

namespace ampd::daemon {

/// `uploaded` gives for each path of the job (model and data) "<sha256>", or "<sha256>/<path>" for
/// something in an uploaded folder; the model must be in one. Throws Error(invalid) for a path that
/// it does not give, not_found for what the user has not uploaded.
void use_uploads(job::Job& job, const nlohmann::json& uploaded, const store::Uploads& uploads,
                 uid_t user);

}  // namespace ampd::daemon
