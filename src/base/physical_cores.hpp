// How many threads computing at full speed this process can have.
#pragma once

namespace ampd::base {

/// The number of physical cores that this process may use, at least 1: hyperthreads of one core
/// count once.
int physical_cores();

}  // namespace ampd::base
