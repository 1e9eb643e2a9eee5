// Hands a job's model and data over to a daemon of another user, which cannot or will not open the
// client's paths.
//
// The model goes as a folder with its external data, a data folder as a tar archive, a file as it
// is; what the daemon has already is not sent again.
#pragma once

#include "client/daemon_client.hpp"
#include "job/job.hpp"

namespace ampd::client {

/// What the job's paths are to the daemon: the "uploads" of a submission. Throws Error, also for
/// what a path names that is neither a folder nor a regular file.
Json upload(const job::Job& job, const DaemonClient& daemon);

}  // namespace ampd::client
