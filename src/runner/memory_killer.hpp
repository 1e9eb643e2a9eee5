// Whether the kernel has killed processes around here because memory ran out.
//
// A process that the kernel kills for want of memory and one that somebody else kills end alike, by
// SIGKILL. The kernel counts the former: per control group (memory.events of version 2,
// memory.oom_control of version 1), which tells our children from others, or else for the whole
// machine (/proc/vmstat), which may blame memory for a kill that came from outside when at the same
// time some other process ran out of memory. Where nothing can be read, every SIGKILL counts as one
// from outside. It counts before it kills, so a count read after the death is not too early.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ampd::runner {

class MemoryKiller {
 public:
  /// Reads the count from where this process's own one is found.
  MemoryKiller();

  /// Reads it from `file`, for tests.
  explicit MemoryKiller(std::filesystem::path file);

  /// Whether it has killed since the last call, or since construction.
  bool has_struck();

 private:
  std::optional<std::int64_t> count() const;

  std::filesystem::path file_;
  std::optional<std::int64_t> known_;
};

/// The file that counts for a process whose /proc/self/cgroup holds `groups`; `root` stands for
/// "/". Empty when there is none.
std::filesystem::path memory_kill_file(std::string_view groups, const std::filesystem::path& root);

}  // namespace ampd::runner
