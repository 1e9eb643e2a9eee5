// A worker of this program's own, for verbs that need no daemon.
#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"
#include "protocol/order.hpp"

namespace ampd::client {

/// A final reply with the open files that came with it.
struct Answer {
  protocol::Reply reply;
  std::vector<base::FileDescriptor> descriptors;
};

/// Starts a worker, gives it the order and waits for its end. `what` is done, for the sentence:
/// "the inspection of net.onnx". Throws the worker's own Error; Error(io) when none can be started,
/// Error(invalid) when it dies.
Answer ask_worker(protocol::Order order, int threads, const std::string& what);

}  // namespace ampd::client
