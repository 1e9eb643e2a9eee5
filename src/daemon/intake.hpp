// What a worker must find out before a job can be queued: digests of its inputs, and what can be
// tuned in its model.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "job/job.hpp"
#include "protocol/order.hpp"
#include "runner/runner.hpp"
#include "store/job_record.hpp"

namespace ampd::daemon {

struct InputDigests {
  std::string model;
  std::vector<store::Input> others;
};

/// Throws Error: not_found, denied ... naming the file; what ask() throws.
boost::asio::awaitable<InputDigests> digest_inputs(runner::Runner& runner, const job::Job& job);

/// Throws Error: unsupported when the model has operators that cannot run here (all are named), or
/// none that can be tuned (the CPU's missing feature is named); what ask() throws.
boost::asio::awaitable<protocol::Inspected> inspect(runner::Runner& runner, const job::Job& job);

}  // namespace ampd::daemon
