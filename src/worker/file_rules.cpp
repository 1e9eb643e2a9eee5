#include "worker/file_rules.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "base/files.hpp"

namespace ampd::worker {
namespace {

constexpr std::uint64_t rights_to_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t rights_to_change =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

// The C library looks at the CPUs when it sets up memory for more threads.
constexpr std::array own_paths{"/proc/self", "/sys/devices/system/cpu"};

/// What is not there needs no rule.
void allow_reading(int ruleset, const std::filesystem::path& path) {
  const base::FileDescriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights_to_read : LANDLOCK_ACCESS_FS_READ_FILE;
  rule.parent_fd = file.get();
  ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

}  // namespace

bool limit_files(std::span<const std::filesystem::path> readable) {
  const landlock_ruleset_attr rights{.handled_access_fs = rights_to_read | rights_to_change};
  const base::FileDescriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0)));
  if (ruleset.get() < 0) return false;
  for (const char* path : own_paths) allow_reading(ruleset.get(), path);
  for (const std::filesystem::path& path : readable) allow_reading(ruleset.get(), path);
  return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
}

}  // namespace ampd::worker
