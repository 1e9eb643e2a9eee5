// One process that this program has started, in a process group of its own.
//
// It ends when this program ends: by PR_SET_PDEATHSIG, which the kernel sends when the *thread*
// that started the process is gone. So children are started from a thread that lives as long as
// the program, which is the one of the main loop.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"

namespace ampd::runner {

/// How a process ended: a status or a signal.
struct Exit {
  int status = 0;
  int signal = 0;  // 0: it exited by itself
};

struct Launch {
  std::vector<std::string> arguments;  // the first is the program: a path, or a name in $PATH
  std::vector<std::pair<std::string, std::string>> environment;  // set over this program's own
  std::vector<std::string> unset;  // not handed down, nor is what systemd has set for a service
  std::filesystem::path folder;    // empty: this program's

  /// They become 0, 1, 2 ... in the child, -1 is the null device; all others are closed there.
  std::vector<int> descriptors;

  /// Puts a guard between this program and the process: it leads the group, ends as the process
  /// ends, and takes the whole group along should this program die. Without it the processes that
  /// the process has started itself would live on then.
  bool guarded = false;
};

class ChildProcess {
 public:
  /// Throws Error (not_found, denied, exhausted, io) when the program cannot be started.
  explicit ChildProcess(const Launch& launch);

  /// Kills the group and reaps the process; gives up after a second on one that cannot die.
  ~ChildProcess();
  ChildProcess(ChildProcess&&) = delete;
  ChildProcess& operator=(ChildProcess&&) = delete;

  pid_t id() const { return id_; }

  /// A new descriptor, the caller's, that is readable as soon as the process has ended. Throws
  /// Error(exhausted).
  int end_descriptor() const;

  /// SIGKILL to the whole group, unless the process is reaped already.
  void kill();

  /// Whether kill() was called before the process ended.
  bool was_killed() const { return was_killed_; }

  /// How the process ended; nothing while it runs. The first answer kills what is left of its group
  /// and reaps it.
  std::optional<Exit> poll();

 private:
  pid_t id_ = -1;
  base::FileDescriptor handle_;  // a pidfd
  bool was_killed_ = false;
  std::optional<Exit> exit_;
};

}  // namespace ampd::runner
