#include "runner/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ampd/error.hpp"
#include "base/check.hpp"

namespace ampd::runner {
namespace {

constexpr int reap_milliseconds_max = 1000;
constexpr std::array service_variables{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                       "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
constexpr std::string_view sacrifice_first = "1000";  // the kernel's scale when memory runs out

/// All that the child needs, made before the fork: after it only async-signal-safe calls are
/// allowed.
struct Prepared {
  std::vector<std::string> environment_texts;
  std::vector<char*> environment;
  std::vector<char*> arguments;
  std::vector<std::string> programs;  // to be tried in this order
  const char* folder = nullptr;
  std::vector<int> descriptors;
  int error_pipe = -1;
  pid_t parent = -1;
};

bool is_named(std::string_view entry, std::string_view name) {
  return entry.starts_with(name) && entry.substr(name.size()).starts_with('=');
}

std::vector<std::string> environment_of(const Launch& launch) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool kept = true;
    for (const auto& [name, value] : launch.environment) kept = kept && !is_named(*entry, name);
    for (const std::string& name : launch.unset) kept = kept && !is_named(*entry, name);
    for (const char* name : service_variables) kept = kept && !is_named(*entry, name);
    if (kept) entries.emplace_back(*entry);
  }
  for (const auto& [name, value] : launch.environment) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<std::string> candidates(const std::string& program) {
  if (program.find('/') != std::string::npos) return {program};
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  std::vector<std::string> programs;
  while (true) {
    const std::size_t end = rest.find(':');
    const std::string_view folder = rest.substr(0, end);
    programs.push_back((folder.empty() ? "." : std::string(folder)) + "/" + program);
    if (end == std::string_view::npos) return programs;
    rest.remove_prefix(end + 1);
  }
}

Prepared prepare(const Launch& launch, int error_pipe) {
  AMPD_CHECK(!launch.arguments.empty());
  Prepared prepared;
  prepared.environment_texts = environment_of(launch);
  for (std::string& entry : prepared.environment_texts) {
    prepared.environment.push_back(entry.data());
  }
  prepared.environment.push_back(nullptr);
  for (const std::string& argument : launch.arguments) {
    prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  prepared.arguments.push_back(nullptr);
  prepared.programs = candidates(launch.arguments.front());
  if (!launch.folder.empty()) prepared.folder = launch.folder.c_str();
  prepared.descriptors = launch.descriptors;
  prepared.error_pipe = error_pipe;
  prepared.parent = ::getpid();
  return prepared;
}

[[noreturn]] void give_up(const Prepared& prepared) {
  const int error_number = errno;
  while (::write(prepared.error_pipe, &error_number, sizeof error_number) < 0 && errno == EINTR) {
  }
  ::_exit(127);
}

/// Ends this process when `parent` ends, also if that has happened already.
void follow(pid_t parent, int signal) {
  ::prctl(PR_SET_PDEATHSIG, signal);
  if (::getppid() != parent) ::_exit(127);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void offer_to_memory_killer() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written =
      ::write(file, sacrifice_first.data(), sacrifice_first.size());
  ::close(file);
}

/// Moves the descriptors to 0, 1, 2 ... and the error pipe behind them; closes all others on exec.
void arrange_descriptors(Prepared& prepared) {
  const int count = static_cast<int>(prepared.descriptors.size());
  prepared.error_pipe = ::fcntl(prepared.error_pipe, F_DUPFD_CLOEXEC, count);
  for (int& descriptor : prepared.descriptors) {
    if (descriptor < 0) descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    descriptor = ::fcntl(descriptor, F_DUPFD_CLOEXEC, count);
    if (descriptor < 0) give_up(prepared);
  }
  for (int target = 0; target < count; ++target) {
    if (::dup2(prepared.descriptors[static_cast<std::size_t>(target)], target) < 0) {
      give_up(prepared);
    }
  }
  ::close_range(static_cast<unsigned>(count), ~0U, CLOSE_RANGE_CLOEXEC);
}

[[noreturn]] void execute(Prepared& prepared) {
  offer_to_memory_killer();
  if (prepared.folder != nullptr && ::chdir(prepared.folder) != 0) give_up(prepared);
  arrange_descriptors(prepared);
  int error_number = ENOENT;
  for (const std::string& program : prepared.programs) {
    ::execve(program.c_str(), prepared.arguments.data(), prepared.environment.data());
    if (errno != ENOENT && errno != ENOTDIR) error_number = errno;
  }
  errno = error_number;
  give_up(prepared);
}

void kill_own_group(int) {
  ::kill(0, SIGKILL);
}

/// Ends this process as the other one did.
[[noreturn]] void end_like(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    ::prctl(PR_SET_DUMPABLE, 0);
    ::signal(WTERMSIG(wait_status), SIG_DFL);
    ::kill(::getpid(), WTERMSIG(wait_status));
    ::pause();
  }
  ::_exit(WEXITSTATUS(wait_status));
}

[[noreturn]] void guard(Prepared& prepared) {
  ::signal(SIGTERM, kill_own_group);
  follow(prepared.parent, SIGTERM);
  ::prctl(PR_SET_NAME, "ampd-guard");
  const pid_t self = ::getpid();
  const pid_t inner = ::_Fork();
  if (inner < 0) give_up(prepared);
  if (inner == 0) {
    reset_signals();
    follow(self, SIGKILL);
    execute(prepared);
  }
  ::close_range(0, ~0U, 0);
  int wait_status = 0;
  while (::waitpid(inner, &wait_status, 0) < 0 && errno == EINTR) {
  }
  end_like(wait_status);
}

[[noreturn]] void run_child(Prepared& prepared, bool guarded) {
  ::setpgid(0, 0);
  reset_signals();
  if (guarded) guard(prepared);
  follow(prepared.parent, SIGKILL);
  execute(prepared);
}

/// Nothing when the program runs; else why not.
std::optional<int> start_error(int error_pipe) {
  int error_number = 0;
  ssize_t got = 0;
  do {
    got = ::read(error_pipe, &error_number, sizeof error_number);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof error_number) return error_number;
  return std::nullopt;
}

}  // namespace

ChildProcess::ChildProcess(const Launch& launch) {
  std::array<int, 2> ends{};
  const std::string action = "cannot start";
  const std::filesystem::path program = launch.arguments.at(0);
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) base::throw_system_error(action, program, errno);
  const base::FileDescriptor error_out(ends[0]);
  base::FileDescriptor error_in(ends[1]);
  Prepared prepared = prepare(launch, error_in.get());
  id_ = ::fork();
  if (id_ < 0) base::throw_system_error(action, program, errno);
  if (id_ == 0) run_child(prepared, launch.guarded);
  ::setpgid(id_, id_);
  error_in.reset();
  const std::optional<int> error_number = start_error(error_out.get());
  // glibc 2.36 declares pidfd_open without C linkage.
  handle_ = base::FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  if (error_number || !handle_.is_open()) {
    const int reason = error_number.value_or(errno);
    ::kill(-id_, SIGKILL);
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
    }
    const bool folder_missing = !launch.folder.empty() && !std::filesystem::exists(launch.folder);
    base::throw_system_error(folder_missing ? "cannot start a command in" : action,
                             folder_missing ? launch.folder : program, reason);
  }
}

ChildProcess::~ChildProcess() {
  kill();
  pollfd ended{handle_.get(), POLLIN, 0};
  if (!exit_) ::poll(&ended, 1, reap_milliseconds_max);
  poll();
}

int ChildProcess::end_descriptor() const {
  const int copy = ::fcntl(handle_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) base::throw_system_error("cannot watch", "a process", errno);
  return copy;
}

void ChildProcess::kill() {
  if (poll()) return;
  was_killed_ = true;
  ::kill(-id_, SIGKILL);
}

std::optional<Exit> ChildProcess::poll() {
  if (exit_) return exit_;
  siginfo_t ended{};
  const auto pidfd = static_cast<id_t>(handle_.get());
  if (::waitid(P_PIDFD, pidfd, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) {
    return std::nullopt;
  }
  // While the process is not reaped its group's number cannot be given to others.
  ::kill(-id_, SIGKILL);
  ::waitid(P_PIDFD, pidfd, &ended, WEXITED);
  exit_ = ended.si_code == CLD_EXITED ? Exit{.status = ended.si_status, .signal = 0}
                                      : Exit{.status = 0, .signal = ended.si_status};
  return exit_;
}

}  // namespace ampd::runner
