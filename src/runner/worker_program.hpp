// Where the worker's program is.
#pragma once

#include <filesystem>
#include <string>

namespace ampd::runner {

/// The path of ampd-worker: $AMPD_WORKER, or beside this program, in its build tree, in
/// libexecdir/ampd, in this order. Throws Error(not_found) naming the places where it is not.
std::filesystem::path find_worker();

}  // namespace ampd::runner
