// `ampctl export JOB -o DIR`: the best model, its config and a report.
#pragma once

#include "client/verb.hpp"

namespace ampd::client {

Action declare_export(CLI::App& app, const Globals& globals);

}  // namespace ampd::client
