// Where orders are carried out: an interface, so that the scheduler can be tested without
// processes.
//
// All calls and all callbacks happen on the thread of the loop that owns the runner. A runner
// serves one order at a time; `start` while one runs is a bug.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/files.hpp"
#include "job/job.hpp"
#include "protocol/order.hpp"

namespace ampd::runner {

/// The worker or command ended without a final reply.
struct Died {
  std::string reason;  // one sentence, with the last lines of what it printed

  /// Somebody else ended it (SIGKILL, SIGTERM ...; not we, not the kernel for want of memory), or
  /// it could not be started: that says nothing of the order.
  bool by_outside = false;

  /// No worker could be started. The runner delays further starts after this by itself, longer each
  /// time and up to a minute.
  bool not_started = false;
};

using Event = std::variant<protocol::Reply, Died>;

/// Called with each reply; after a final reply or Died it is not called again for that order.
/// `descriptors` belong to the callee.
using Listener = std::function<void(Event event, std::vector<base::FileDescriptor> descriptors)>;

/// The user's own evaluation, as a process group in the job's folder.
struct Command {
  std::vector<std::string> arguments;
  std::filesystem::path folder;
  std::vector<std::pair<std::string, std::string>> environment;  // added to the caller's
  double timeout_seconds = 0;                                    // 0: none
};

class Runner {
 public:
  virtual ~Runner() = default;

  /// Starts `order` on a worker with `threads` threads; 0: the physical cores. Whatever goes wrong
  /// comes to the listener, never before this returns.
  virtual void start(protocol::Order order, int threads, Listener listener) = 0;

  /// Starts a command. It ends with Evaluated (the number on its last line, which may be NaN), with
  /// Failed (time-out, non-zero exit, a signal, no number), Stopped, or Died by outside.
  virtual void start(Command command, Listener listener) = 0;

  /// Asks the running order to end after its batch (Stopped follows); kills a command.
  virtual void stop() = 0;

  /// Kills the worker or command at once; the listener is not called any more.
  virtual void kill() = 0;

  virtual bool is_running() const = 0;
};

}  // namespace ampd::runner
