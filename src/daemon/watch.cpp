#include "daemon/watch.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/limits.hpp"
#include "store/job_record.hpp"

namespace ampd::daemon {

namespace asio = boost::asio;
namespace limits = base::limits;

Watch::Watch(asio::any_io_executor executor, const store::Reader& reader,
             const std::uint64_t& changes, std::function<Json()> progress, std::int64_t job)
    : executor_(std::move(executor)),
      reader_(reader),
      changes_(changes),
      progress_(std::move(progress)),
      job_(job) {
  const store::Rows last = reader_.events(job_, {.limit = 1, .last = true});
  if (!last.empty()) last_event_ = last.front().at("id").get<std::int64_t>();
}

asio::awaitable<std::optional<Json>> Watch::next() {
  asio::steady_timer pause(executor_);
  const auto patience =
      asio::steady_timer::clock_type::now() + std::chrono::seconds(limits::watch_silence_seconds);
  for (;;) {
    if (seen_ != changes_ && !is_over_) look();
    if (!ready_.empty()) {
      Json line = std::move(ready_.front());
      ready_.pop_front();
      co_return line;
    }
    if (is_over_) co_return std::nullopt;
    if (asio::steady_timer::clock_type::now() >= patience) co_return last_line_;
    pause.expires_after(std::chrono::milliseconds(limits::watch_pause_milliseconds));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

void Watch::look() {
  seen_ = changes_;
  for (;;) {
    const store::Rows events = reader_.events(job_, {.after = last_event_});
    if (events.empty()) break;
    last_event_ = events.back().at("id").get<std::int64_t>();
    for (const store::Row& event : events) ready_.push_back({{"event", event}});
  }
  const Json progress = progress_();
  const auto state = store::parse_job_state(progress.at("state").get<std::string>());
  is_over_ = state && store::is_final(*state);
  Json line{{"progress", progress}};
  if (line == last_line_) return;
  ready_.push_back(line);
  last_line_ = std::move(line);
}

}  // namespace ampd::daemon
