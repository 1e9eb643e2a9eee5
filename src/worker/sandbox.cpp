#include "worker/sandbox.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ampd::worker {
namespace {

/// Every right to change the file system, and to execute; none of those to read.
constexpr std::uint64_t rights_to_change =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

/// A Landlock domain that handles these rights and grants none.
bool give_up_changing_files() {
  const landlock_ruleset_attr rules{.handled_access_fs = rights_to_change};
  const auto ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
  if (ruleset < 0) return false;
  const bool is_done = ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  ::close(ruleset);
  return is_done;
}

constexpr std::array<long, 20> refused_calls{SYS_socket,
                                             SYS_connect,
                                             SYS_bind,
                                             SYS_listen,
                                             SYS_accept,
                                             SYS_accept4,
                                             SYS_execve,
                                             SYS_execveat,
                                             SYS_ptrace,
                                             SYS_process_vm_readv,
                                             SYS_process_vm_writev,
                                             SYS_kill,
                                             SYS_mount,
                                             SYS_umount2,
                                             SYS_unshare,
                                             SYS_setns,
                                             SYS_bpf,
                                             SYS_perf_event_open,
                                             SYS_keyctl,
                                             SYS_io_uring_setup};

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t x32_calls = 0x40000000;  // the same calls by other numbers
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#endif

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

/// Runs into the next instruction if the value is `wanted`, else skips it.
sock_filter skip_next_unless(std::uint32_t wanted) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, 1);
}

sock_filter answer(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

/// Calls of another architecture, and the refused ones, fail as not permitted.
bool give_up_calls() {
  constexpr std::uint32_t refusal = SECCOMP_RET_ERRNO | EPERM;
  std::vector<sock_filter> filter{
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0),
      answer(refusal),
      load(offsetof(seccomp_data, nr)),
  };
#if defined(__x86_64__)
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_calls, 0, 1));
  filter.push_back(answer(refusal));
#endif
  for (const long call : refused_calls) {
    filter.push_back(skip_next_unless(static_cast<std::uint32_t>(call)));
    filter.push_back(answer(refusal));
  }
  filter.push_back(answer(SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

Sandbox enter_sandbox() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {};
  const bool locks_files = give_up_changing_files();
  return {give_up_calls(), locks_files};
}

}  // namespace ampd::worker
