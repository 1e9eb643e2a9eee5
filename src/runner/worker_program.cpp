#include "runner/worker_program.hpp"

#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <set>

#include "ampd/error.hpp"

namespace ampd::runner {
namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

fs::path own_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

std::string siblings(int cpu) {
  std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                     "/topology/thread_siblings_list");
  std::string list;
  return std::getline(file, list) ? list : std::to_string(cpu);
}

}  // namespace

fs::path find_worker() {
  const char* chosen = std::getenv("AMPD_WORKER");
  if (chosen != nullptr && *chosen != '\0') {
    if (is_program(chosen)) return fs::absolute(chosen);
    throw Error(ErrorCode::not_found,
                std::string("$AMPD_WORKER names ") + chosen + ", which is not a program");
  }
  const fs::path folder = own_folder();
  const std::array places{folder / "ampd-worker",
                          (folder / "../worker/ampd-worker").lexically_normal(),
                          fs::path(AMPD_LIBEXEC_FOLDER) / "ampd-worker"};
  std::string listed;
  for (const fs::path& place : places) {
    if (is_program(place)) return place;
    listed += (listed.empty() ? "" : ", ") + place.string();
  }
  throw Error(ErrorCode::not_found,
              "there is no ampd-worker at " + listed + "; set AMPD_WORKER to where it is");
}

int physical_cores() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &usable)) cores.insert(siblings(cpu));
  }
  return cores.empty() ? 1 : static_cast<int>(cores.size());
}

}  // namespace ampd::runner
