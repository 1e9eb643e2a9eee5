// Time, behind an interface so that tests can set it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ampd::base {

class Clock {
 public:
  virtual ~Clock() = default;

  /// Never goes back; for durations and deadlines.
  virtual std::chrono::nanoseconds monotonic() const = 0;

  /// Microseconds since 1970, for what people read; may step.
  virtual std::int64_t wall_microseconds() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::chrono::nanoseconds monotonic() const override;
  std::int64_t wall_microseconds() const override;
};

/// ISO 8601 in UTC with milliseconds: "2026-01-31T12:00:00.000Z".
std::string iso8601(std::int64_t wall_microseconds);

}  // namespace ampd::base
