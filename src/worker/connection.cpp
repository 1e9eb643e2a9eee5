#include "worker/connection.hpp"

#include <cstdlib>
#include <iostream>
#include <utility>
#include <vector>

#include "ampd/error.hpp"
#include "base/unix_socket.hpp"
#include "protocol/frame.hpp"

namespace ampd::worker {
namespace {

constexpr std::size_t portion_bytes = 64 << 10;

/// Without destructors: other threads may be at work.
[[noreturn]] void end_process(int status) {
  std::_Exit(status);
}

}  // namespace

Connection::Connection(int socket) : socket_(socket) {
  write(protocol::encode_frame(protocol::encode_greeting()), {});
  reader_ = std::thread([this] { read(); });
  reader_.detach();
}

void Connection::read() {
  protocol::FrameDecoder decoder;
  std::vector<char> portion(portion_bytes);
  std::vector<base::FileDescriptor> ignored;
  try {
    while (true) {
      const base::Received received = base::receive_some(socket_, portion, ignored);
      if (received.ended) end_process(0);
      decoder.add(std::span(portion).first(received.bytes));
      while (const std::optional<protocol::Frame> frame = decoder.next()) {
        take(protocol::parse_request(frame->text));
      }
      ignored.clear();
    }
  } catch (const Error& error) {
    std::cerr << "ampd-worker: " << error.what() << std::endl;
    end_process(1);
  }
}

void Connection::take(protocol::Request request) {
  const std::lock_guard lock(mutex_);
  if (std::holds_alternative<protocol::Stop>(request)) {
    if (is_serving_ || waiting_) is_stopping_ = true;
    return;
  }
  if (is_serving_ || waiting_) {
    throw Error(ErrorCode::conflict, "an order came while another one runs");
  }
  waiting_ = std::get<protocol::Order>(std::move(request));
  arrived_.notify_one();
}

protocol::Order Connection::next_order() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return waiting_.has_value(); });
  is_serving_ = true;
  protocol::Order order = *std::move(waiting_);
  waiting_.reset();
  return order;
}

void Connection::send(const protocol::Reply& reply, std::span<const base::FileDescriptor> files) {
  const std::string frame = protocol::encode_frame(protocol::encode(reply), files.size());
  if (protocol::is_final(reply)) {
    const std::lock_guard lock(mutex_);
    is_serving_ = false;
    is_stopping_ = false;
  }
  write(frame, files);
}

void Connection::write(std::string_view bytes, std::span<const base::FileDescriptor> files) {
  try {
    while (!bytes.empty()) {
      bytes.remove_prefix(base::send_some(socket_, bytes, files));
      files = {};
    }
  } catch (const Error&) {
    end_process(0);  // nobody is there to be told
  }
}

}  // namespace ampd::worker
