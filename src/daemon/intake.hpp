// What a worker must find out before a job can be queued: what can be tuned in its model, and
// digests of its inputs.
#pragma once

#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "job/job.hpp"
#include "runner/runner.hpp"
#include "scheduler/submission.hpp"

namespace ampd::daemon {

/// Has the job's model inspected and hashed, with its external data and the job's data, by the
/// `runner`, which must be free. Throws Error: not_found, denied ... naming a file; unsupported
/// when the model has operators that cannot run here (all are named), or none that can be tuned
/// (the CPU's missing feature is named); what ask() throws.
boost::asio::awaitable<scheduler::Submission> examine(runner::Runner& runner, job::Job job,
                                                      std::string job_file, uid_t owner_uid);

}  // namespace ampd::daemon
