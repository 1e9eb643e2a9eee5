// A worker of this program's own, for verbs that need no daemon.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/files.hpp"
#include "protocol/order.hpp"
#include "runner/runner.hpp"

namespace ampd::client {

/// A final reply with the open files that came with it.
struct Answer {
  protocol::Reply reply;
  std::vector<base::FileDescriptor> descriptors;
};

/// What hears how an order gets on.
using ProgressListener = std::function<void(const protocol::Progress&)>;

class Worker {
 public:
  /// `threads` 0: the physical cores. It is started with its first order.
  explicit Worker(int threads);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Gives an order and waits for its end. `what` is done, for the sentence: "the inspection of
  /// net.onnx". Throws the worker's own Error; Error(io) when none can be started, Error(invalid)
  /// when it dies.
  Answer ask(protocol::Order order, const std::string& what, const ProgressListener& progress = {});

  /// The same, without an Error for a worker that dies of its order.
  std::variant<Answer, runner::Died> try_ask(protocol::Order order,
                                             const ProgressListener& progress = {});

  /// Runs an evaluation command instead; throws as `ask` does.
  Answer run(runner::Command command);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// One order to a worker of its own; see Worker::ask.
Answer ask_worker(protocol::Order order, int threads, const std::string& what);

}  // namespace ampd::client
