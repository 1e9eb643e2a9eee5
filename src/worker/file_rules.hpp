// The files of a worker: what it was told that it may read, enforced by Landlock.
#pragma once

#include <filesystem>
#include <span>

namespace ampd::worker {

/// From here on this thread, and those that it starts, read no file but `readable` (folders with
/// all below) and what tells of the process and the CPUs, and change none. What a link leads to
/// counts, not where the link lies. Returns false if the kernel has no Landlock (before 5.13).
/// Privileges must have been given up (PR_SET_NO_NEW_PRIVS).
bool limit_files(std::span<const std::filesystem::path> readable);

}  // namespace ampd::worker
