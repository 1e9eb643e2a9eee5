#include "evaluation/pace.hpp"

#include <algorithm>

namespace ampd::evaluation {
namespace {

constexpr double round_seconds = 0.02;
constexpr double per_lane_max = 16;
constexpr std::int64_t share_of_memory = 64;

}  // namespace

void Pace::add_round(std::int64_t batches, std::int64_t batch_bytes) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  last_ = now;
  // The first round builds, and counts only as long as there is no other.
  if (rounds_++ == 1) seconds_ = batches_ = 0;
  seconds_ += seconds;
  batches_ += static_cast<double>(batches);
  if (lanes_ == 1) return;
  const double lane_seconds = seconds / static_cast<double>(batches) * static_cast<double>(lanes_);
  const double in_time = std::min(round_seconds / std::max(lane_seconds, 1e-9), per_lane_max);
  const std::int64_t in_memory =
      memory_bytes_max_ / share_of_memory / std::max<std::int64_t>(batch_bytes * lanes_, 1);
  per_lane_ = std::max<std::int64_t>(std::min(static_cast<std::int64_t>(in_time), in_memory), 1);
}

}  // namespace ampd::evaluation
