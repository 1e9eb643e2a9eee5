// The memory of programs and weights: aligned to cache lines, and on huge pages where it is large,
// which saves a streaming kernel its address translations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ampd::engine {

/// Uninitialised. Throws Error(exhausted).
std::shared_ptr<std::byte> allocate_bytes(std::int64_t bytes);

/// Many allocations that live about as long, placed next to each other. The memory of a slab is
/// freed with the last of its allocations.
class Slabs {
 public:
  std::shared_ptr<std::byte> allocate(std::int64_t bytes);

 private:
  std::shared_ptr<std::byte> slab_;
  std::int64_t used_bytes_ = 0;
};

}  // namespace ampd::engine
