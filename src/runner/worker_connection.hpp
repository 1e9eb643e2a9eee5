// One running worker: its process, the orders it gets, the frames it sends, what it prints.
//
// A coroutine listens to it for as long as it lives and keeps the object alive. A worker that
// breaks the protocol, or is silent for too long while it serves an order, is killed.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>  // Boost 1.74 needs it before its coroutines
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/unix_socket.hpp"
#include "protocol/frame.hpp"
#include "runner/child_process.hpp"
#include "runner/grant.hpp"
#include "runner/memory_killer.hpp"
#include "runner/output.hpp"
#include "runner/runner.hpp"

namespace ampd::runner {

struct WorkerSettings {
  std::filesystem::path program;
  int threads = 1;
  std::set<Grant> grants;
  std::chrono::nanoseconds silence_max{};  // from one reply to the next
};

class WorkerConnection : public std::enable_shared_from_this<WorkerConnection> {
 public:
  /// Starts a worker. Throws Error when that fails.
  static std::shared_ptr<WorkerConnection> open(const boost::asio::any_io_executor& executor,
                                                const WorkerSettings& settings);

  /// Sends an order; the worker serves none now. Throws Error, and sends nothing, when the order
  /// does not fit a message.
  void serve(protocol::Order order, Listener listener);
  bool is_serving() const { return order_.has_value(); }

  void stop();

  /// Kills the worker; no listener is called any more.
  void abandon();

  /// Whether it can be given an order when it serves none.
  bool is_alive();

 private:
  struct Message {
    std::string text;
    std::vector<base::FileDescriptor> descriptors;
  };

  struct Portion {
    std::vector<Message> messages;
    std::string fault;  // of what follows the messages
  };

  WorkerConnection(const boost::asio::any_io_executor& executor, const WorkerSettings& settings,
                   base::SocketPair sockets);
  // The coroutines hold the object from before they first run.
  boost::asio::awaitable<void> listen(std::shared_ptr<WorkerConnection> self);
  boost::asio::awaitable<void> wait_for_end();
  boost::asio::awaitable<void> write(std::shared_ptr<WorkerConnection> self);
  void send(const protocol::Request& request);
  Portion receive(std::span<char> buffer);
  Message claim(protocol::Frame frame);
  void take(Message message);
  std::optional<protocol::Reply> parse(const Message& message);
  void watch_silence();
  void condemn(std::string offence);
  Died judge_end();
  void conclude(Event event, std::vector<base::FileDescriptor> descriptors);

  const std::chrono::nanoseconds silence_max_;
  MemoryKiller memory_killer_;
  Output printed_;
  ChildProcess process_;
  boost::asio::posix::stream_descriptor process_end_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::steady_timer silence_;

  protocol::FrameDecoder decoder_;
  std::vector<base::FileDescriptor> unclaimed_;
  std::string outbox_;
  bool is_writing_ = false;
  bool has_greeted_ = false;
  bool has_ended_ = false;
  std::string offence_;  // why we have killed it
  std::optional<protocol::Order> order_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace ampd::runner
