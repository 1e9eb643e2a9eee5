#include "engine/bytes.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "ampd/error.hpp"

namespace ampd::engine {
namespace {

constexpr std::int64_t line_bytes = 64;
constexpr std::int64_t huge_page_bytes = 2 << 20;
constexpr std::int64_t slab_bytes = 32 << 20;

std::int64_t rounded_up(std::int64_t bytes, std::int64_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

}  // namespace

std::shared_ptr<std::byte> allocate_bytes(std::int64_t bytes) {
  const bool is_large = bytes >= huge_page_bytes;
  const std::int64_t alignment = is_large ? huge_page_bytes : line_bytes;
  const auto size =
      static_cast<std::size_t>(rounded_up(std::max<std::int64_t>(bytes, 1), alignment));
  void* start = std::aligned_alloc(static_cast<std::size_t>(alignment), size);
  if (start == nullptr) {
    throw Error(ErrorCode::exhausted,
                "there is no memory for " + std::to_string(bytes) + " bytes of a program's values");
  }
  // Advice: where the kernel does not follow it, small pages serve as well.
  if (is_large) ::madvise(start, size, MADV_HUGEPAGE);
  return {static_cast<std::byte*>(start), [](std::byte* p) { std::free(p); }};
}

std::shared_ptr<std::byte> Slabs::allocate(std::int64_t bytes) {
  if (bytes > slab_bytes / 4) return allocate_bytes(bytes);
  const std::int64_t size = rounded_up(bytes, line_bytes);
  if (!slab_ || used_bytes_ + size > slab_bytes) {
    slab_ = allocate_bytes(slab_bytes);
    used_bytes_ = 0;
  }
  std::byte* start = slab_.get() + used_bytes_;
  used_bytes_ += size;
  return {slab_, start};
}

}  // namespace ampd::engine
