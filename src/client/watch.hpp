// `ampctl watch JOB`: follows a job until it ends.
#pragma once

#include <optional>
#include <string>

#include "client/verb.hpp"

namespace ampd::client {

/// Seconds that a client waits; none: without end.
using Patience = std::optional<double>;

/// Shows how the job goes on, then its result, and returns the job's exit code. With JSON each line
/// of the stream goes to stdout as it comes. Throws Unreachable when the daemon goes away, TimedOut
/// when the patience is over; the job goes on in both cases.
int watch(const Globals& globals, const std::string& job, Patience patience);

Action declare_watch(CLI::App& app, const Globals& globals);

/// Adds --timeout.
void add_patience(CLI::App& app, Patience& patience);

}  // namespace ampd::client
