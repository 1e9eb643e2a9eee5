#include "runner/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runner/rethrow.hpp"

namespace ampd::runner {
namespace {

namespace asio = boost::asio;

}  // namespace

Output::Output(const asio::any_io_executor& executor) : pipe_(executor) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    base::throw_system_error("cannot create", "a pipe", errno);
  }
  write_end_ = base::FileDescriptor(ends[1]);
  pipe_.assign(ends[0]);
  pipe_.native_non_blocking(true);
}

void Output::follow(std::shared_ptr<const void> owner) {
  write_end_.reset();
  asio::co_spawn(pipe_.get_executor(), read_on(std::move(owner)), rethrow);
}

asio::awaitable<void> Output::read_on([[maybe_unused]] std::shared_ptr<const void> owner) {
  boost::system::error_code error;
  while (!error && read_all()) {
    co_await pipe_.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, error));
  }
}

/// Reads what is there; false at the end.
bool Output::read_all() {
  std::array<char, 4096> chunk;
  while (true) {
    const ssize_t got = ::read(pipe_.native_handle(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 && errno == EAGAIN;
    tail_.add({chunk.data(), static_cast<std::size_t>(got)});
  }
}

const TextTail& Output::tail() {
  read_all();
  return tail_;
}

}  // namespace ampd::runner
