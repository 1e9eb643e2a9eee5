// `ampctl lint JOB.yaml`: everything that is wrong with a job file, at once.
#pragma once

#include "client/verb.hpp"

namespace ampd::client {

Action declare_lint(CLI::App& app, const Globals& globals);

}  // namespace ampd::client
