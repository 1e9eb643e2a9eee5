// The threads that programs run on.
#pragma once

namespace ampd::engine {

/// Gives the calling thread the number of threads that programs have, which set_threads fixed for
/// the process, unless a ThreadScope says otherwise.
void adopt_threads();

}  // namespace ampd::engine
