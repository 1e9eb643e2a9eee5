// Where the values of a program lie: one arena in which values whose lives do not overlap share
// bytes, so that an execution allocates nothing.
//
// In-place work is decided here, by lifetime alone: a result takes its input's bytes where nobody
// reads these afterwards. Where a step must start from a copy of an input that is still needed,
// the copy is added.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/step.hpp"

namespace ampd::engine {

/// A stretch of memory that is in use from one step to another, both included.
struct Life {
  std::int64_t bytes = 0;
  std::size_t first_step = 0;
  std::size_t last_step = 0;
};

struct Arena {
  std::vector<std::int64_t> offsets;  // by life, aligned to 64 bytes
  std::int64_t bytes = 0;
};

/// Largest first, each at the lowest offset that is free during its life.
Arena arrange(const std::vector<Life>& lives);

struct Place {
  enum class Region : std::uint8_t { unused, arena, input, output, constant };
  Region region = Region::unused;
  std::size_t number = 0;  // of the input or output
  std::int64_t offset_bytes = 0;
};

struct MemoryPlan {
  std::vector<Place> places;  // by value
  std::int64_t arena_bytes = 0;
};

/// Drops steps whose results nobody reads, adds copies to `values` and `steps`, and gives each
/// output bytes of its own (`outputs` may then name other values).
MemoryPlan plan_memory(std::deque<StoredValue>& values, std::vector<Step>& steps,
                       std::vector<ValueIndex>& outputs);

}  // namespace ampd::engine
