#include "base/physical_cores.hpp"

#include <sched.h>

#include <fstream>
#include <set>
#include <string>

namespace ampd::base {
namespace {

std::string siblings(int cpu) {
  std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                     "/topology/thread_siblings_list");
  std::string list;
  return std::getline(file, list) ? list : std::to_string(cpu);
}

}  // namespace

int physical_cores() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &usable)) cores.insert(siblings(cpu));
  }
  return cores.empty() ? 1 : static_cast<int>(cores.size());
}

}  // namespace ampd::base
