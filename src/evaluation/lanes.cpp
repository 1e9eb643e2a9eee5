#include "evaluation/lanes.hpp"

#include "base/check.hpp"

namespace ampd::evaluation {

Lanes::Lanes(std::size_t count) {
  AMPD_CHECK(count > 0);
  for (std::size_t lane = 1; lane < count; ++lane) {
    threads_.emplace_back([this, lane] { serve(lane); });
  }
}

Lanes::~Lanes() {
  work_ = nullptr;
  ++round_;
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Lanes::run(const std::function<void(std::size_t)>& work) {
  if (threads_.empty()) return work(0);
  work_ = &work;
  busy_ = threads_.size();
  ++round_;
  round_.notify_all();
  work(0);
  for (std::size_t busy = busy_; busy > 0; busy = busy_) busy_.wait(busy);
}

void Lanes::serve(std::size_t lane) {
  for (std::uint64_t rounds_seen = 0;; ++rounds_seen) {
    round_.wait(rounds_seen);
    if (work_ == nullptr) return;
    (*work_)(lane);
    if (--busy_ == 0) busy_.notify_one();
  }
}

}  // namespace ampd::evaluation
