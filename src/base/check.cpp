#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace ampd::base {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "ampd: broken invariant: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace ampd::base
