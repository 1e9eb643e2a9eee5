#include "runner/memory_killer.hpp"

#include <doctest/doctest.h>

#include "base/files.hpp"
#include "temporary_folder.hpp"

using ampd::base::write_file;
using ampd::runner::memory_kill_file;
using ampd::runner::MemoryKiller;

namespace {

void put(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  write_file(file, text);
}

}  // namespace

TEST_CASE("the kernel's count is read where the process is counted") {
  const TemporaryFolder root;
  CHECK(memory_kill_file("0::/a/b\n", root.path()).empty());
  put(root / "proc/vmstat", "oom_kill 3\n");
  CHECK(memory_kill_file("0::/a/b\n", root.path()) == root / "proc/vmstat");
  put(root / "sys/fs/cgroup/a/b/memory.events", "oom_kill 0\n");
  CHECK(memory_kill_file("0::/a/b\n", root.path()) == root / "sys/fs/cgroup/a/b/memory.events");
  put(root / "sys/fs/cgroup/memory/c/memory.oom_control", "oom_kill 0\n");
  CHECK(memory_kill_file("9:cpu,memory:/c\n0::/other\n", root.path()) ==
        root / "sys/fs/cgroup/memory/c/memory.oom_control");
  CHECK(memory_kill_file("9:cpu:/c\ngarbage\n", root.path()) == root / "proc/vmstat");
}

TEST_CASE("the memory killer has struck when its count has grown") {
  const TemporaryFolder root;
  const auto count = [&](const std::string& kills) {
    write_file(root / "memory.events", "low 0\nhigh 5\nmax 7\noom 1\noom_kill " + kills + "\n");
  };
  count("2");
  MemoryKiller killer(root / "memory.events");
  CHECK(!killer.has_struck());
  count("3");
  CHECK(killer.has_struck());
  CHECK(!killer.has_struck());
  write_file(root / "memory.events", "");
  CHECK(!killer.has_struck());
  CHECK(!MemoryKiller(root / "nothing").has_struck());
}
