// How much memory there is, and how much of it this process uses.
#pragma once

#include <cstdint>

namespace ampd::base {

/// Bytes of the process that are in RAM. Throws Error(io) where the kernel does not tell.
std::int64_t resident_bytes();

/// Gives memory that was freed back to the kernel, as far as whole pages of it are free.
void return_freed_pages();

/// Bytes of the machine's RAM.
std::int64_t physical_bytes();

/// Bytes that a worker may use for trials that run together: those that the user gave, or for 0
/// half of the machine's RAM.
std::int64_t memory_budget_bytes(std::int64_t given_bytes);

}  // namespace ampd::base
