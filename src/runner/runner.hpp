// Where orders are carried out: an interface, so that the scheduler can be tested without
// processes.
//
// All calls and all callbacks happen on the thread of the loop that owns the runner. A runner
// serves one order at a time; `start` while one runs is a bug.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "job/job.hpp"
#include "protocol/order.hpp"

namespace ampd::runner {

/// The worker or command ended without a final reply.
struct Died {
  std::string reason;  // "killed by signal 11 (Segmentation fault)", with its last stderr lines
  bool by_outside =
      false;  // SIGKILL that was not ours and not the kernel's: says nothing of the order
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

  /// Starts `order` on a worker with `threads` threads.
  virtual void start(protocol::Order order, int threads, Listener listener) = 0;

  /// Starts a command. It ends with Evaluated (the number on its last line) or Failed: time-out,
  /// non-zero exit, no number.
  virtual void start(Command command, Listener listener) = 0;

  /// Asks the running order to end after its batch (Stopped follows); kills a command.
  virtual void stop() = 0;

  /// Kills the worker or command at once; the listener is not called any more.
  virtual void kill() = 0;

  virtual bool is_running() const = 0;
};

}  // namespace ampd::runner
