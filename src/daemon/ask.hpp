// Gives a worker an order from a coroutine.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/files.hpp"
#include "protocol/order.hpp"
#include "runner/runner.hpp"

namespace ampd::daemon {

/// Starts `order` on `runner`, which must be free, and waits for its final reply. `what` is done
/// with what, for the sentence: "the inspection of model.onnx". Throws the worker's own Error;
/// Error(io) when none can be started, Error(invalid) when it dies. The coroutine must not go
/// before the runner.
boost::asio::awaitable<protocol::Reply> ask(runner::Runner& runner, protocol::Order order,
                                            int threads, std::string what);

}  // namespace ampd::daemon
