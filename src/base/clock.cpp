#include "base/clock.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace ampd::base {

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::int64_t SystemClock::wall_microseconds() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string iso8601(std::int64_t wall_microseconds) {
  const std::time_t seconds = wall_microseconds / 1'000'000;
  const std::int64_t milliseconds = wall_microseconds % 1'000'000 / 1'000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> tail{};
  std::snprintf(tail.data(), tail.size(), ".%03dZ", static_cast<int>(milliseconds % 1000));
  return std::string(text.data(), size) + tail.data();
}

}  // namespace ampd::base
