// The frame of a suite: its command line, its cases by seed, its last line for chaos.py.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

/// Random numbers that are the same everywhere for the same seed (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// From 0 to count - 1.
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(count));
  }
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + below(last - first + 1);
  }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// What a suite does with one case: throws (doctest's assertions do) when it finds a failure, and
/// returns how many cases it was. `is_control`: the protection under test is switched off.
using Case = std::function<std::int64_t(std::uint64_t seed, bool is_control)>;

/// Takes --cases N --seed S [--control], or --case SEED to repeat a single one, and tries cases
/// until there were N. Returns main's code.
int run_suite(int argc, char** argv, const Case& attempt);
