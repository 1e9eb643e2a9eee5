// The system calls of a worker: a list of what it may ask the kernel for, enforced by seccomp.
#pragma once

namespace ampd::worker {

/// From here on this thread, and those that it starts, can compute, allocate (machine code too),
/// start threads, read files and talk on the descriptors they have. A file is opened for reading
/// only; everything else fails: a call that this list knows to exist as not permitted, a newer one
/// as unknown, which libraries are prepared for. Returns false if the kernel has no seccomp.
/// Privileges must have been given up (PR_SET_NO_NEW_PRIVS).
bool filter_calls();

}  // namespace ampd::worker
