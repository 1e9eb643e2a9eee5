#include "client/checkup.hpp"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file_system.hpp"
#include "base/memory_size.hpp"
#include "base/physical_cores.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

constexpr double load_max = 0.5;
constexpr std::int64_t memory_bytes_min = std::int64_t{2} << 30;
constexpr std::int64_t disk_bytes_min = std::int64_t{1} << 30;

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

Check check_load() {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return {"load", "the kernel does not tell", {}};
  return {"load", terminal::decimal(load, 2) + " over the last minute",
          load <= load_max ? ""
                           : "other work is going on; end it before you trust latencies and the "
                             "peaks below"};
}

/// The folder itself, or where it would be made.
std::filesystem::path nearest_existing(std::filesystem::path path) {
  std::error_code ignored;
  while (!std::filesystem::exists(path, ignored) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path;
}

Check check_file_system(const std::filesystem::path& folder) {
  const auto network = base::network_file_system(folder);
  if (!network) return {"file system", "local", {}};
  return {"file system", std::string(*network),
          "the database needs locks and memory shared between processes, which such file systems "
          "may lack; name a folder on a local disk with --state-dir"};
}

}  // namespace

std::vector<Check> check_processors() {
  const int usable = usable_processors();
  const auto online = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  const auto memory_bytes = base::physical_bytes();
  return {{"cores",
           std::to_string(base::physical_cores()) + " physical, " + std::to_string(usable) +
               " of " + std::to_string(online) + " processors usable",
           usable >= online ? ""
                            : "the affinity of this process leaves the others out; start ampd "
                              "without taskset or in a larger cpuset to use them"},
          check_load(),
          {"memory", terminal::byte_count(memory_bytes),
           memory_bytes >= memory_bytes_min ? ""
                                            : "set memory_mib, so that trials which run together "
                                              "leave room for other programs"}};
}

std::vector<Check> check_state_directory(const store::StateDirectory& directory) {
  const std::filesystem::path folder = nearest_existing(directory.path());
  std::error_code ignored;
  const bool is_writable =
      std::filesystem::is_directory(folder, ignored) && ::access(folder.c_str(), W_OK | X_OK) == 0;
  std::vector<Check> checks{
      {"state directory",
       directory.path().string() + (folder == directory.path() ? "" : ", which is not there yet"),
       is_writable ? ""
                   : folder.string() + " is no folder that this account may write in; change its "
                                       "owner or mode, or name "
                                       "another folder with --state-dir"}};
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) == 0) {
    const auto free = static_cast<std::int64_t>(space.f_bavail * space.f_frsize);
    checks.push_back({"disk", terminal::byte_count(free) + " free",
                      free >= disk_bytes_min ? ""
                                             : "a full disk pauses every job; make room, or name "
                                               "a folder elsewhere with --state-dir"});
  }
  checks.push_back(check_file_system(folder));
  return checks;
}

std::vector<Check> check_environment() {
  std::vector<Check> checks;
  for (const char* name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    if (const char* value = std::getenv(name)) {
      checks.push_back({name, value,
                        "it limits the instructions that oneDNN uses, and with them the "
                        "precisions; unset it"});
    }
  }
  for (const char* name : {"GOMP_SPINCOUNT", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "OMP_PROC_BIND",
                           "OMP_PLACES", "OMP_THREAD_LIMIT", "OMP_SCHEDULE", "GOMP_CPU_AFFINITY"}) {
    if (const char* value = std::getenv(name)) {
      checks.push_back({name, value,
                        "ampd starts its workers with settings of its own; use --threads and "
                        "taskset instead"});
    }
  }
  return checks;
}

}  // namespace ampd::client
