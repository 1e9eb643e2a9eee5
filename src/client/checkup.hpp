// What ampd needs from a machine, looked at from outside a worker: processors, memory, the state
// directory, settings in the environment. Nothing is written.
#pragma once

#include <string>
#include <vector>

#include "store/state_directory.hpp"

namespace ampd::client {

struct Check {
  std::string name;
  std::string found;
  std::string remedy;  // empty: all is well
};

std::vector<Check> check_processors();
std::vector<Check> check_state_directory(const store::StateDirectory& directory);

/// Settings that ampd's workers do not get, or that limit them.
std::vector<Check> check_environment();

}  // namespace ampd::client
