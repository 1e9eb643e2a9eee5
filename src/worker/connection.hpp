// The worker's end of the connection to the program that has started it.
//
// A thread reads requests, so that a Stop is known at once and the loss of the connection ends the
// process at once, whatever it is doing. Replies are sent from the thread that works.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "base/files.hpp"
#include "protocol/order.hpp"

namespace ampd::worker {

class Connection {
 public:
  /// `socket` stays open for the life of the process. Sends the greeting and begins to read.
  explicit Connection(int socket);

  /// Waits for the next order.
  protocol::Order next_order();

  /// Whether the order that was given out last is to end.
  bool is_stopping() const { return is_stopping_; }

  /// Throws Error when the reply does not fit a message; nothing is sent then. A final reply ends
  /// the order.
  void send(const protocol::Reply& reply, std::span<const base::FileDescriptor> files = {});

 private:
  void read();
  void take(protocol::Request request);
  void write(std::string_view bytes, std::span<const base::FileDescriptor> files);

  const int socket_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<protocol::Order> waiting_;
  bool is_serving_ = false;
  std::atomic<bool> is_stopping_ = false;
  std::thread reader_;
};

}  // namespace ampd::worker
