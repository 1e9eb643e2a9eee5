// A thread that prepares the next batches while the model works on the present one.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "data/dataloader.hpp"

namespace ampd::data {

/// One consumer. Destruction ends the thread after the batch that it is preparing.
class Prefetcher {
 public:
  /// Prepares batches `first` to `end` - 1, of which at most `ahead` wait. The loader outlives it.
  Prefetcher(const Dataloader& loader, std::int64_t first, std::int64_t end, std::size_t ahead = 2);

  /// The next batch, or nothing after the last. Throws what preparing that batch threw, once; then
  /// there are no more.
  std::optional<Batch> next();

 private:
  void prepare(std::stop_token stop, std::int64_t first, std::int64_t end);

  const Dataloader& loader_;
  std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool finished_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace ampd::data
