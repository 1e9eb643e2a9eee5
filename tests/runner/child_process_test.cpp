#include "runner/child_process.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "ampd/error.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using namespace ampd::runner;

namespace {

Launch shell(const std::string& script, bool guarded) {
  Launch launch;
  launch.arguments = {"/bin/sh", "-c", script};
  launch.descriptors = {-1, -1, 2};
  launch.guarded = guarded;
  return launch;
}

Exit wait_for(ChildProcess& process) {
  const base::FileDescriptor end(process.end_descriptor());
  pollfd watched{end.get(), POLLIN, 0};
  REQUIRE(::poll(&watched, 1, 10'000) == 1);
  const auto exit = process.poll();
  REQUIRE(exit.has_value());
  return *exit;
}

template <class Condition>
bool holds_soon(Condition condition) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool is_running(const std::string& id) {
  std::error_code ignored;
  return std::filesystem::exists("/proc/" + id, ignored);
}

}  // namespace

TEST_CASE("a process ends with its status or its signal, guarded or not") {
  for (const bool guarded : {false, true}) {
    ChildProcess ok(shell("exit 0", guarded));
    CHECK(wait_for(ok).status == 0);
    ChildProcess status(shell("exit 42", guarded));
    CHECK(wait_for(status).status == 42);
    ChildProcess signal(shell("kill -SEGV $$", guarded));
    CHECK(wait_for(signal).signal == SIGSEGV);
    ChildProcess killed(shell("kill -KILL $$", guarded));
    CHECK(wait_for(killed).signal == SIGKILL);
    CHECK(!killed.was_killed());
  }
}

TEST_CASE("a process that is killed here is known as such") {
  for (const bool guarded : {false, true}) {
    ChildProcess process(shell("sleep 100", guarded));
    CHECK(!process.poll());
    process.kill();
    CHECK(wait_for(process).signal == SIGKILL);
    CHECK(process.was_killed());
  }
}

TEST_CASE("a process that cannot start is an error at once, and leaves no zombie") {
  for (const bool guarded : {false, true}) {
    Launch launch = shell("", guarded);
    launch.arguments = {"/no/such/program"};
    CHECK_THROWS_WITH_AS(ChildProcess{launch},
                         "cannot start /no/such/program: No such file or directory", Error);
    launch.arguments = {"/"};
    CHECK_THROWS_AS(ChildProcess{launch}, Error);
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("signals that are blocked or ignored here are not so in the process") {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ChildProcess process(shell("kill -TERM $$; exit 1", false));
  CHECK(wait_for(process).signal == SIGTERM);
  ChildProcess pipe(shell("kill -PIPE $$; exit 1", false));
  CHECK(wait_for(pipe).signal == SIGPIPE);
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
}

TEST_CASE("a guarded process and its children end when the program that started it is killed") {
  const TemporaryFolder folder;
  const std::string file = (folder / "ids").string();
  const pid_t program = ::fork();
  REQUIRE(program >= 0);
  if (program == 0) {
    const ChildProcess process(
        shell("sh -c 'echo $$ >> " + file + "; sleep 100' & echo $$ >> " + file + "; wait", true));
    ::pause();
  }
  std::string first;
  std::string second;
  REQUIRE(holds_soon([&] {
    if (!std::filesystem::exists(file)) return false;
    const std::string text = base::read_text(file, 100);
    const std::size_t end = text.find('\n');
    if (end == std::string::npos || text.find('\n', end + 1) == std::string::npos) return false;
    first = text.substr(0, end);
    second = text.substr(end + 1, text.find('\n', end + 1) - end - 1);
    return true;
  }));
  CHECK(is_running(first));
  CHECK(is_running(second));
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  CHECK(holds_soon([&] { return !is_running(first) && !is_running(second); }));
}
