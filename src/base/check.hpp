// Checks of invariants, on in every build: a broken one is a bug, and ends the process.
#pragma once

namespace ampd::base {

/// Prints the condition and its place to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace ampd::base

#define AMPD_CHECK(condition)                                                     \
  do {                                                                            \
    if (!(condition)) ::ampd::base::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
