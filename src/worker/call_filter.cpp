#include "worker/call_filter.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ampd::worker {
namespace {

constexpr std::array allowed_calls{
    // memory
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_mincore,
    SYS_memfd_create,
    SYS_membarrier,
    // threads and time
    SYS_futex,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_rseq,
    SYS_set_tid_address,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_setaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_getcpu,
    SYS_gettid,
    SYS_getpid,
    SYS_getppid,
    SYS_exit,
    SYS_exit_group,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_time,
    SYS_restart_syscall,
    SYS_arch_prctl,
    // signals
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    // descriptors that it has
    SYS_read,
    SYS_pread64,
    SYS_readv,
    SYS_write,
    SYS_writev,
    SYS_pwrite64,
    SYS_lseek,
    SYS_close,
    SYS_close_range,
    SYS_fcntl,
    SYS_dup,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fadvise64,
    SYS_recvmsg,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_sendto,
    SYS_shutdown,
    SYS_poll,
    SYS_ppoll,
    // looking at files and at the machine
    SYS_stat,
    SYS_lstat,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_access,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlink,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_uname,
    SYS_sysinfo,
    SYS_getrusage,
    SYS_getrlimit,
    SYS_getrandom,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
};

/// Allowed if these bits of an argument have this value.
struct ConditionalCall {
  long call;
  std::uint32_t argument, mask, value;
};

constexpr std::uint32_t all_bits = ~std::uint32_t{0};
constexpr std::uint32_t writing = O_ACCMODE | O_CREAT | O_TRUNC;

std::vector<ConditionalCall> conditional_calls() {
  return {{SYS_open, 1, writing, O_RDONLY},
          {SYS_openat, 2, writing, O_RDONLY},
          {SYS_clone, 0, CLONE_THREAD, CLONE_THREAD},
          {SYS_tgkill, 0, all_bits, static_cast<std::uint32_t>(::getpid())},
          {SYS_prctl, 0, all_bits, PR_SET_NAME},
          {SYS_prlimit64, 2, all_bits, 0}};
}

// What the kernels of this list's time have; glibc asks for newer ones first and then for older.
constexpr std::uint32_t first_unknown_call = 451;
constexpr std::uint32_t x32_calls = 0x40000000;  // the same calls by other numbers

constexpr std::uint32_t not_permitted = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t unknown = SECCOMP_RET_ERRNO | ENOSYS;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

/// The low half of an argument.
sock_filter load_argument(std::uint32_t argument) {
  return load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
}

sock_filter skip_unless_equal(std::uint32_t wanted, std::uint8_t skipped) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, skipped);
}

sock_filter skip_unless_at_least(std::uint32_t least, std::uint8_t skipped) {
  return BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, least, 0, skipped);
}

sock_filter answer(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

std::vector<sock_filter> program() {
  std::vector<sock_filter> steps{
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      answer(not_permitted),
      load(offsetof(seccomp_data, nr)),
      skip_unless_at_least(x32_calls, 1),
      answer(not_permitted),
      skip_unless_at_least(first_unknown_call, 1),
      answer(unknown),
      // Its flags lie in memory, out of a filter's reach; glibc then takes clone.
      skip_unless_equal(SYS_clone3, 1),
      answer(unknown),
  };
  const auto add = [&steps](std::initializer_list<sock_filter> more) {
    steps.insert(steps.end(), more);
  };
  for (const long call : allowed_calls) {
    add({skip_unless_equal(static_cast<std::uint32_t>(call), 1), answer(SECCOMP_RET_ALLOW)});
  }
  for (const ConditionalCall& each : conditional_calls()) {
    add({skip_unless_equal(static_cast<std::uint32_t>(each.call), 5), load_argument(each.argument),
         BPF_STMT(BPF_ALU | BPF_AND | BPF_K, each.mask), skip_unless_equal(each.value, 1),
         answer(SECCOMP_RET_ALLOW), answer(not_permitted)});
  }
  steps.push_back(answer(not_permitted));
  return steps;
}

}  // namespace

bool filter_calls() {
  std::vector<sock_filter> steps = program();
  const sock_fprog filter{static_cast<unsigned short>(steps.size()), steps.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace ampd::worker
