#include "runner/worker_connection.hpp"

#include <iterator>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/limits.hpp"
#include "runner/death.hpp"
#include "runner/rethrow.hpp"

namespace ampd::runner {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

constexpr std::size_t portion_bytes = 64 << 10;

/// libgomp reads its settings before main. With long spinning at barriers one busy neighbour slows
/// everything by a factor of ten.
Launch launch_of(const WorkerSettings& settings, int printed, int socket) {
  const std::string threads = std::to_string(settings.threads);
  std::vector<std::string> arguments{settings.program.string(), "--threads", threads};
  for (const Grant& grant : settings.grants) {
    arguments.insert(arguments.end(), {"--read", grant.path.string()});
  }
  return {.arguments = std::move(arguments),
          .environment = {{"OMP_NUM_THREADS", threads},
                          {"OMP_DYNAMIC", "false"},
                          {"GOMP_SPINCOUNT", "2000"}},
          .unset = {"OMP_WAIT_POLICY", "OMP_THREAD_LIMIT", "OMP_PLACES", "OMP_PROC_BIND",
                    "OMP_SCHEDULE", "GOMP_CPU_AFFINITY"},
          .folder = {},
          .descriptors = {-1, printed, printed, socket}};
}

}  // namespace

WorkerConnection::WorkerConnection(const asio::any_io_executor& executor,
                                   const WorkerSettings& settings, base::SocketPair sockets)
    : silence_max_(settings.silence_max),
      printed_(executor),
      process_(launch_of(settings, printed_.write_end(), sockets.second.get())),
      process_end_(executor, process_.end_descriptor()),
      socket_(executor, asio::local::stream_protocol(), sockets.first.release()),
      silence_(executor) {
  socket_.native_non_blocking(true);
}

std::shared_ptr<WorkerConnection> WorkerConnection::open(const asio::any_io_executor& executor,
                                                         const WorkerSettings& settings) {
  const std::shared_ptr<WorkerConnection> connection(
      new WorkerConnection(executor, settings, base::make_socket_pair()));
  connection->printed_.follow(connection);
  asio::co_spawn(executor, connection->listen(connection), rethrow);
  return connection;
}

bool WorkerConnection::is_alive() {
  return !has_ended_ && offence_.empty() && !process_.poll();
}

void WorkerConnection::serve(protocol::Order order, Listener listener) {
  AMPD_CHECK(!is_serving());
  send(order);
  memory_killer_.has_struck();
  order_ = std::move(order);
  listener_ = std::make_shared<Listener>(std::move(listener));
  watch_silence();
}

void WorkerConnection::stop() {
  if (is_serving()) send(protocol::Stop{});
}

void WorkerConnection::abandon() {
  order_.reset();
  listener_ = nullptr;
  silence_.cancel();
  process_.kill();
}

void WorkerConnection::send(const protocol::Request& request) {
  outbox_ += protocol::encode_frame(protocol::encode(request));
  if (is_writing_) return;
  is_writing_ = true;
  asio::co_spawn(socket_.get_executor(), write(shared_from_this()), rethrow);
}

asio::awaitable<void> WorkerConnection::write(
    [[maybe_unused]] std::shared_ptr<WorkerConnection> self) {
  while (!outbox_.empty()) {
    try {
      outbox_.erase(0, base::send_some(socket_.native_handle(), outbox_, {}));
    } catch (const Error&) {
      break;  // the worker is gone: that is seen, and told, where it is listened to
    }
    boost::system::error_code error;
    if (!outbox_.empty()) {
      co_await socket_.async_wait(asio::socket_base::wait_write,
                                  asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) break;
  }
  outbox_.clear();
  is_writing_ = false;
}

asio::awaitable<void> WorkerConnection::listen(
    [[maybe_unused]] std::shared_ptr<WorkerConnection> self) {
  std::vector<char> buffer(portion_bytes);
  while (offence_.empty() && !has_ended_) {
    boost::system::error_code error;
    co_await socket_.async_wait(asio::socket_base::wait_read,
                                asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    Portion portion = receive(buffer);
    for (Message& message : portion.messages) take(std::move(message));
    if (!portion.fault.empty()) condemn("protocol: " + portion.fault);
  }
  has_ended_ = true;
  co_await wait_for_end();
  if (is_serving()) conclude(judge_end(), {});
}

asio::awaitable<void> WorkerConnection::wait_for_end() {
  asio::steady_timer farewell(socket_.get_executor());
  for (int attempt = 0; attempt < 2 && !process_.poll(); ++attempt) {
    farewell.expires_after(std::chrono::seconds(base::limits::worker_farewell_seconds));
    farewell.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) self->process_end_.cancel();
    });
    boost::system::error_code error;
    co_await process_end_.async_wait(stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, error));
    farewell.cancel();
    if (!process_.poll()) condemn("it closed its connection but did not end");
  }
}

WorkerConnection::Portion WorkerConnection::receive(std::span<char> buffer) {
  Portion portion;
  try {
    const base::Received received = base::receive_some(socket_.native_handle(), buffer, unclaimed_);
    has_ended_ = received.ended;
    decoder_.add(buffer.first(received.bytes));
    while (std::optional<protocol::Frame> frame = decoder_.next()) {
      portion.messages.push_back(claim(*std::move(frame)));
    }
  } catch (const Error& error) {
    portion.fault = error.what();
  }
  return portion;
}

WorkerConnection::Message WorkerConnection::claim(protocol::Frame frame) {
  if (frame.descriptors > unclaimed_.size()) {
    throw Error(ErrorCode::invalid, "a message announces " + std::to_string(frame.descriptors) +
                                        " open files and brings " +
                                        std::to_string(unclaimed_.size()));
  }
  const auto end = unclaimed_.begin() + static_cast<std::ptrdiff_t>(frame.descriptors);
  Message message{std::move(frame.text),
                  {std::make_move_iterator(unclaimed_.begin()), std::make_move_iterator(end)}};
  unclaimed_.erase(unclaimed_.begin(), end);
  if (decoder_.is_between_frames() && !unclaimed_.empty()) {
    throw Error(ErrorCode::invalid, "more open files came than were announced");
  }
  return message;
}

std::optional<protocol::Reply> WorkerConnection::parse(const Message& message) {
  try {
    if (!has_greeted_) {
      protocol::check_greeting(message.text);
      has_greeted_ = true;
      return std::nullopt;
    }
    protocol::Reply reply = protocol::parse_reply(message.text);
    if (!is_serving() || !protocol::answers(reply, *order_)) {
      throw Error(ErrorCode::invalid, "a reply belongs to no order");
    }
    if (protocol::descriptor_count(reply) != message.descriptors.size()) {
      throw Error(ErrorCode::invalid, "a reply brings the wrong number of open files");
    }
    return reply;
  } catch (const Error& error) {
    condemn(std::string("protocol: ") + error.what());
    return std::nullopt;
  }
}

void WorkerConnection::take(Message message) {
  if (!offence_.empty()) return;
  std::optional<protocol::Reply> reply = parse(message);
  if (!reply) return;
  if (protocol::is_final(*reply)) {
    conclude(*std::move(reply), std::move(message.descriptors));
    return;
  }
  watch_silence();
  const std::shared_ptr<Listener> listener = listener_;  // which the call may replace
  (*listener)(*std::move(reply), std::move(message.descriptors));
}

void WorkerConnection::watch_silence() {
  silence_.expires_after(silence_max_);
  silence_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || !self->is_serving()) return;
    if (self->silence_.expiry() > std::chrono::steady_clock::now()) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(self->silence_max_);
    self->condemn("it gave no sign of life for " + std::to_string(seconds.count()) + " seconds");
  });
}

void WorkerConnection::condemn(std::string offence) {
  if (offence_.empty()) offence_ = std::move(offence);
  process_.kill();
}

Died WorkerConnection::judge_end() {
  const std::optional<Exit> exit = process_.poll();
  Died died;
  if (!offence_.empty()) {
    died.reason = "the worker was killed: " + offence_ + printed_.tail().quoted();
  } else {
    AMPD_CHECK(exit.has_value());
    died = judge_death("the worker", *exit, memory_killer_.has_struck(), printed_.tail());
  }
  if (!has_greeted_) died.by_outside = died.not_started = true;
  return died;
}

void WorkerConnection::conclude(Event event, std::vector<base::FileDescriptor> descriptors) {
  silence_.cancel();
  order_.reset();
  const std::shared_ptr<Listener> listener = std::exchange(listener_, nullptr);
  (*listener)(std::move(event), std::move(descriptors));
}

}  // namespace ampd::runner
