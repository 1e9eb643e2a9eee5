// What a verb of ampctl is: how it stands on the command line, and what it does.
#pragma once

#include <functional>
#include <span>

#include <CLI/App.hpp>

#include "client/source.hpp"

namespace ampd::client {

/// Options that every verb understands, before or after it.
struct Globals {
  Place place;
  bool json = false;
};

/// Does what the verb is for and returns the exit code. May throw Error.
using Action = std::function<int()>;

struct Verb {
  const char* name;
  const char* summary;

  /// Adds the verb's own options. The action reads them, and `globals`, when it is called.
  Action (*declare)(CLI::App& app, const Globals& globals);
};

/// In the order of the help.
std::span<const Verb> job_verbs();     // of one job, by a daemon
std::span<const Verb> view_verbs();    // that look, with a daemon or without
std::span<const Verb> state_verbs();   // of a state directory
std::span<const Verb> worker_verbs();  // of a model or the machine, by a worker, without a daemon

}  // namespace ampd::client
