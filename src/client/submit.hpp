// `ampctl submit JOB.yaml`: reads and resolves a job file here and queues the job at the daemon.
#pragma once

#include "client/verb.hpp"

namespace ampd::client {

Action declare_submit(CLI::App& app, const Globals& globals);

}  // namespace ampd::client
