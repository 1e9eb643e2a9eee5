// What a worker gives up before it reads a byte of a model.
#pragma once

namespace ampd::worker {

/// Which of its means the kernel has.
struct Sandbox {
  bool filters_calls = false;  // seccomp
  bool locks_files = false;    // Landlock
};

/// From here on the process cannot write, create or remove a file, start a program, open a socket,
/// or reach into another process, and gains no rights by what it executes; it ends when its parent
/// does and leaves no core file. A kernel that lacks one of the means (Landlock before 5.13) is
/// asked for the others all the same. Call it before there are other threads.
Sandbox enter_sandbox();

}  // namespace ampd::worker
