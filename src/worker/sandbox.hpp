// What a worker gives up before it reads a byte of a model.
#pragma once

#include <filesystem>
#include <span>

namespace ampd::worker {

/// Which of its means the kernel has.
struct Sandbox {
  bool filters_calls = false;  // seccomp
  bool locks_files = false;    // Landlock
};

/// From here on the process reads the files `readable` (folders with all below) and no others, and
/// cannot write, create or remove a file, start a program, open a socket, or reach into another
/// process; it gains no rights by what it executes, ends when its parent does and leaves no core
/// file. A kernel that lacks one of the means (Landlock before 5.13) is asked for the others all
/// the same. Call it before there are other threads.
Sandbox enter_sandbox(std::span<const std::filesystem::path> readable);

}  // namespace ampd::worker
