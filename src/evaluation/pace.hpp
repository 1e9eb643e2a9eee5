// How fast the batches of a pass go, and so how many make a round: many where they are short, as
// lanes wait for each other at a round's end; few, as a pause waits for it too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ampd::evaluation {

class Pace {
 public:
  /// From now on.
  Pace(std::size_t lanes, std::int64_t memory_bytes_max)
      : lanes_(static_cast<std::int64_t>(lanes)), memory_bytes_max_(memory_bytes_max) {}

  /// A round ends, of so many batches, each of so many bytes with what was made of it.
  void add_round(std::int64_t batches, std::int64_t batch_bytes);

  /// Of the next round; one in a single lane.
  std::size_t batches_of_round() const { return static_cast<std::size_t>(lanes_ * per_lane_); }

  /// With lanes: a round's seconds over its batches.
  double batch_seconds() const { return seconds_ / batches_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t lanes_;
  std::int64_t memory_bytes_max_;
  std::int64_t per_lane_ = 1;
  Clock::time_point last_ = Clock::now();
  std::int64_t rounds_ = 0;
  double seconds_ = 0;
  double batches_ = 0;
};

}  // namespace ampd::evaluation
