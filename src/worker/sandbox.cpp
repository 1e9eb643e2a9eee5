#include "worker/sandbox.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/limits.hpp"
#include "worker/call_filter.hpp"
#include "worker/file_rules.hpp"

namespace ampd::worker {
namespace {

void lower(__rlimit_resource resource, rlim_t most) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return;
  limit.rlim_max = std::min(limit.rlim_max, most);
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  ::setrlimit(resource, &limit);
}

}  // namespace

Sandbox enter_sandbox(std::span<const std::filesystem::path> readable) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  lower(RLIMIT_CORE, 0);
  lower(RLIMIT_MSGQUEUE, 0);
  lower(RLIMIT_NOFILE, base::limits::worker_descriptors);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {};
  const bool locks_files = limit_files(readable);
  return {filter_calls(), locks_files};
}

}  // namespace ampd::worker
