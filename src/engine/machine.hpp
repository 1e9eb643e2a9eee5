// The threads that programs run on.
#pragma once

namespace ampd::engine {

/// Gives the calling thread the number of threads that set_threads fixed for the process.
void adopt_threads();

}  // namespace ampd::engine
