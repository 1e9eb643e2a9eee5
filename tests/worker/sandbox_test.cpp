#include "worker/sandbox.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "base/files.hpp"
#include "temporary_folder.hpp"

namespace {

/// The errno with which `action` fails inside the sandbox, in a process of its own; 0: it succeeds.
/// The action returns a negative number when it fails.
int error_inside(const std::function<long()>& action) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ampd::worker::enter_sandbox();
    ::_exit(action() < 0 ? errno : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

bool has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

}  // namespace

TEST_CASE("a worker can read, allocate, and hand over memory files") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "file", "content");
  CHECK(error_inside([&] { return ::open((folder / "file").c_str(), O_RDONLY); }) == 0);
  CHECK(error_inside([] { return ::memfd_create("part", 0); }) == 0);
  CHECK(error_inside([] {
          void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          return code == MAP_FAILED ? -1L : 0L;
        }) == 0);
}

TEST_CASE("a worker can open no socket, run no program and reach no other process") {
  CHECK(error_inside([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }) == EPERM);
  CHECK(error_inside([] { return ::socket(AF_INET, SOCK_STREAM, 0); }) == EPERM);
  CHECK(error_inside([] { return ::execl("/bin/true", "true", nullptr); }) == EPERM);
  CHECK(error_inside([] { return ::kill(::getppid(), 0); }) == EPERM);
}

TEST_CASE("a worker can change no file") {
  if (!has_landlock()) {
    MESSAGE("skipped: this kernel has no Landlock");
    return;
  }
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "file", "content");
  const std::string file = (folder / "file").string();
  CHECK(error_inside([&] { return ::open(file.c_str(), O_WRONLY); }) == EACCES);
  CHECK(error_inside([&] { return ::unlink(file.c_str()); }) == EACCES);
  CHECK(error_inside([&] { return ::open((file + "2").c_str(), O_CREAT | O_RDWR, 0600); }) ==
        EACCES);
  CHECK(error_inside([&] { return ::mkdir((file + "3").c_str(), 0700); }) == EACCES);
}
