// A clock that only tests move.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

class ManualClock final : public ampd::base::Clock {
 public:
  std::chrono::nanoseconds monotonic() const override { return now_; }
  std::int64_t wall_microseconds() const override {
    return 1'767'225'600'000'000 + now_.count() / 1000 + wall_step_.count();
  }

  void advance(std::chrono::nanoseconds duration) { now_ += duration; }
  void set(std::chrono::nanoseconds time) { now_ = time; }
  /// As when somebody sets the date: what is monotonic goes on as before.
  void step_wall(std::chrono::microseconds step) { wall_step_ += step; }

 private:
  std::chrono::nanoseconds now_{0};
  std::chrono::microseconds wall_step_{0};
};
