// The verbs that need a worker and no daemon.
#pragma once

#include "client/verb.hpp"

namespace ampd::client {

Action declare_inspect(CLI::App& app, const Globals& globals);
Action declare_plan(CLI::App& app, const Globals& globals);
Action declare_eval(CLI::App& app, const Globals& globals);
Action declare_exec(CLI::App& app, const Globals& globals);
Action declare_bench(CLI::App& app, const Globals& globals);
Action declare_doctor(CLI::App& app, const Globals& globals);
Action declare_validate(CLI::App& app, const Globals& globals);

}  // namespace ampd::client
