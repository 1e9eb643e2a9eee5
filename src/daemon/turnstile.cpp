#include "daemon/turnstile.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ampd/error.hpp"
#include "base/limits.hpp"

namespace ampd::daemon {

namespace asio = boost::asio;

asio::awaitable<Turnstile::Turn> Turnstile::enter() {
  if (is_taken_) {
    if (line_.size() >= base::limits::submissions_waiting) {
      throw Error(ErrorCode::busy, "too many jobs are being submitted at once; try again later");
    }
    const auto called =
        std::make_shared<asio::steady_timer>(executor_, asio::steady_timer::time_point::max());
    line_.push_back(called);
    boost::system::error_code cancelled;
    co_await called->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  is_taken_ = true;
  co_return Turn(*this);
}

void Turnstile::leave() {
  if (line_.empty()) {
    is_taken_ = false;
  } else {
    // The turn passes on without a moment in which a newcomer could slip through.
    line_.front()->cancel();
    line_.pop_front();
  }
}

}  // namespace ampd::daemon
