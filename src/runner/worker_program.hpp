// Where the worker's program is, and how many threads it gets.
#pragma once

#include <filesystem>
#include <string>

namespace ampd::runner {

/// The path of ampd-worker: $AMPD_WORKER, or beside this program, in its build tree, in
/// libexecdir/ampd, in this order. Throws Error(not_found) naming the places where it is not.
std::filesystem::path find_worker();

/// The number of physical cores that this process may use, at least 1: hyperthreads of one core
/// count once.
int physical_cores();

}  // namespace ampd::runner
