#include "runner/memory_killer.hpp"

#include <fstream>
#include <sstream>

namespace ampd::runner {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

/// Whether the comma-separated list of a version 1 hierarchy names the memory controller.
bool has_memory(std::string_view controllers) {
  return ("," + std::string(controllers) + ",").find(",memory,") != std::string::npos;
}

}  // namespace

fs::path memory_kill_file(std::string_view groups, const fs::path& root) {
  std::istringstream lines{std::string(groups)};
  std::string line;
  while (std::getline(lines, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = fs::path(line.substr(second + 1)).relative_path();
    const fs::path mount = root / "sys/fs/cgroup";
    const bool version_2 = controllers.empty();
    if (!version_2 && !has_memory(controllers)) continue;
    const fs::path file = version_2 ? mount / group / "memory.events"
                                    : mount / "memory" / group / "memory.oom_control";
    if (is_there(file)) return file;
  }
  const fs::path machine = root / "proc/vmstat";
  return is_there(machine) ? machine : fs::path();
}

MemoryKiller::MemoryKiller() : MemoryKiller(memory_kill_file(content("/proc/self/cgroup"), "/")) {}

MemoryKiller::MemoryKiller(fs::path file) : file_(std::move(file)), known_(count()) {}

std::optional<std::int64_t> MemoryKiller::count() const {
  if (file_.empty()) return std::nullopt;
  std::istringstream lines(content(file_));
  std::string name;
  std::int64_t value = 0;
  while (lines >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return std::nullopt;
}

bool MemoryKiller::has_struck() {
  const std::optional<std::int64_t> before = known_;
  known_ = count();
  return known_ && before && *known_ > *before;
}

}  // namespace ampd::runner
