// One client's connection: reads its requests and writes the answers, one after another.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "daemon/http.hpp"

namespace ampd::daemon {

class HttpConnection {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  explicit HttpConnection(Socket socket);

  const Peer& peer() const { return peer_; }

  /// Serves requests until either side is done with the connection.
  boost::asio::awaitable<void> serve(const Handler& handler, const Receiver& receiver);

  /// Answers once, without having read a request, and closes.
  boost::asio::awaitable<void> refuse(const Error& error);

 private:
  using Header = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  /// Nothing: the connection is over, what there was to say is said.
  boost::asio::awaitable<std::optional<Request>> read_header(Header& header);
  boost::asio::awaitable<bool> go_on(const Header& header);
  boost::asio::awaitable<bool> read_body(Header& header, std::string& body);
  /// The answer to what was received; nothing: the connection is over.
  boost::asio::awaitable<std::optional<Response>> receive(Header& header, const Receipt& receipt);
  boost::asio::awaitable<bool> read_failed(boost::system::error_code error);

  /// False: the client is gone.
  boost::asio::awaitable<bool> write(Response response);
  boost::asio::awaitable<bool> write_json(unsigned status, const Json& value);
  boost::asio::awaitable<bool> write_file(base::FileDescriptor file);
  boost::asio::awaitable<bool> write_lines(Lines lines);

  boost::beast::basic_stream<boost::asio::local::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  Peer peer_;
  bool keep_alive_ = true;
};

}  // namespace ampd::daemon
