#include "base/memory_size.hpp"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "ampd/error.hpp"

namespace ampd::base {

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total_pages = 0;
  std::int64_t resident_pages = 0;
  if (!(file >> total_pages >> resident_pages)) {
    throw Error(ErrorCode::io, "/proc/self/statm does not tell how much memory is in use");
  }
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

void return_freed_pages() {
  ::malloc_trim(0);
}

std::int64_t physical_bytes() {
  return static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
}

std::int64_t memory_budget_bytes(std::int64_t given_bytes) {
  return given_bytes > 0 ? given_bytes : physical_bytes() / 2;
}

}  // namespace ampd::base
