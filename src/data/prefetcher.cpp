#include "data/prefetcher.hpp"

#include <utility>

#include "base/check.hpp"

namespace ampd::data {

Prefetcher::Prefetcher(const Dataloader& loader, std::int64_t first, std::int64_t end,
                       std::size_t ahead)
    : loader_(loader), ahead_(ahead) {
  AMPD_CHECK(ahead > 0 && first >= 0 && end <= loader.batch_count());
  thread_ = std::jthread([this, first, end](std::stop_token stop) { prepare(stop, first, end); });
}

void Prefetcher::prepare(std::stop_token stop, std::int64_t first, std::int64_t end) {
  std::unique_lock lock(mutex_);
  try {
    for (std::int64_t index = first; index < end; ++index) {
      const auto has_room = [this] { return ready_.size() < ahead_; };
      if (!changed_.wait(lock, stop, has_room) || stop.stop_requested()) return;
      lock.unlock();
      Batch batch = loader_.batch(index);
      lock.lock();
      ready_.push_back(std::move(batch));
      changed_.notify_all();
    }
  } catch (...) {
    lock.lock();
    failure_ = std::current_exception();
  }
  finished_ = true;
  changed_.notify_all();
}

std::optional<Batch> Prefetcher::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || finished_; });
  if (!ready_.empty()) {
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return batch;
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return std::nullopt;
}

}  // namespace ampd::data
