// The completion of a coroutine that nobody waits for: its exception goes on to who runs the loop.
#pragma once

#include <exception>

namespace ampd::runner {

inline constexpr auto rethrow = [](std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
};

}  // namespace ampd::runner
