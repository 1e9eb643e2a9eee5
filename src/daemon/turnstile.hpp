// Lets one coroutine through at a time; the others wait.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace ampd::daemon {

class Turnstile {
 public:
  /// Somebody's turn, until it goes.
  using Turn = std::shared_ptr<void>;

  /// Throws Error(exhausted) when limits::submissions_waiting wait already.
  boost::asio::awaitable<Turn> enter();

 private:
  // Shared with the turns and the waiting, whose coroutines may end after the turnstile.
  std::shared_ptr<bool> is_taken_ = std::make_shared<bool>(false);
  std::shared_ptr<std::size_t> waiting_ = std::make_shared<std::size_t>(0);
};

}  // namespace ampd::daemon
