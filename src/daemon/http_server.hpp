// HTTP/1.1 on a Unix socket: accepts connections within limits and hands their requests to one
// handler.
//
// Everything runs on the thread of the io_context. A client that is slow, greedy or silent is cut
// off by the deadlines and sizes of base/limits.hpp and costs nobody else anything.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/files.hpp"
#include "daemon/http.hpp"

namespace ampd::daemon {

class HttpServer {
 public:
  /// `listener` is a listening Unix stream socket. An exception of the handler or the receiver that
  /// is not an Error leaves io_context::run().
  HttpServer(boost::asio::io_context& context, base::FileDescriptor listener, Handler handler,
             Receiver receiver = {});

  /// Accepts no more connections; those that are open go on.
  void stop();

 private:
  struct Shared;

  static boost::asio::awaitable<void> accept_connections(std::shared_ptr<Shared> shared);
  static boost::asio::awaitable<void> serve(boost::asio::local::stream_protocol::socket socket,
                                            std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace ampd::daemon
