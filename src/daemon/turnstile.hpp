// Lets one coroutine through at a time; the others wait in line.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ampd::daemon {

class Turnstile {
 public:
  explicit Turnstile(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// Somebody's turn, until it goes.
  class Turn {
   public:
    explicit Turn(Turnstile& turnstile) : turnstile_(&turnstile) {}
    Turn(Turn&& other) noexcept : turnstile_(std::exchange(other.turnstile_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turnstile_ != nullptr) turnstile_->leave();
    }

   private:
    Turnstile* turnstile_;
  };

  /// Throws Error(busy) when limits::submissions_waiting are in line already.
  boost::asio::awaitable<Turn> enter();

 private:
  void leave();

  boost::asio::any_io_executor executor_;
  bool is_taken_ = false;
  std::deque<std::shared_ptr<boost::asio::steady_timer>> line_;
};

}  // namespace ampd::daemon
