#include "worker/sandbox.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "temporary_folder.hpp"

namespace {

/// The errno with which `action` fails inside the sandbox, in a process of its own; 0: it succeeds.
/// The action returns a negative number when it fails.
int error_inside(const std::function<long()>& action,
                 const std::vector<std::filesystem::path>& readable = {}) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ampd::worker::enter_sandbox(readable);
    ::_exit(action() < 0 ? errno : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

int error_of_opening(const std::filesystem::path& path, int flags,
                     const std::vector<std::filesystem::path>& readable) {
  return error_inside([&] { return ::open(path.c_str(), flags, 0600); }, readable);
}

bool has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

}  // namespace

TEST_CASE("a worker can allocate, start threads, hand over memory files and make machine code") {
  CHECK(error_inside([] { return ::memfd_create("part", 0); }) == 0);
  CHECK(error_inside([] {
          void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          return code == MAP_FAILED ? -1L : 0L;
        }) == 0);
  CHECK(error_inside([] {
          std::thread([] {}).join();
          return 0L;
        }) == 0);
}

TEST_CASE("a worker can open no socket, run no program and reach no other process") {
  CHECK(error_inside([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }) == EPERM);
  CHECK(error_inside([] { return ::socket(AF_INET, SOCK_STREAM, 0); }) == EPERM);
  CHECK(error_inside([] { return ::execl("/bin/true", "true", nullptr); }) == EPERM);
  CHECK(error_inside([] { return ::fork(); }) == EPERM);
  CHECK(error_inside([] { return ::kill(::getppid(), 0); }) == EPERM);
  CHECK(error_inside([] { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0); }) == EPERM);
  CHECK(error_inside([] { return ::prctl(PR_SET_DUMPABLE, 1); }) == EPERM);
}

TEST_CASE("calls that came after the filter are unknown, so that libraries take older ones") {
  CHECK(error_inside([] { return ::syscall(100'000); }) == ENOSYS);
  CHECK(error_inside([] { return ::syscall(SYS_clone3, nullptr, 0); }) == ENOSYS);
}

TEST_CASE("a worker can change no file, whatever it may read") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "file", "content");
  const std::filesystem::path file = folder / "file";
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT}) {
    CAPTURE(flags);
    CHECK(error_of_opening(file, flags, {folder / ""}) == EPERM);
  }
  CHECK(error_inside([&] { return ::unlink(file.c_str()); }) == EPERM);
  CHECK(error_inside([&] { return ::truncate(file.c_str(), 0); }) == EPERM);
  CHECK(error_inside([&] { return ::mkdir((folder / "new").c_str(), 0700); }) == EPERM);
}

TEST_CASE("a worker reads what it was told that it may read, and nothing beside it") {
  if (!has_landlock()) {
    MESSAGE("skipped: this kernel has no Landlock");
    return;
  }
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "data/below");
  for (const char* name : {"file", "other", "data/below/part"}) {
    ampd::base::write_file(folder / name, "content");
  }
  std::filesystem::create_symlink(folder / "file", folder / "link");
  std::filesystem::create_symlink(folder / "other", folder / "data/link");
  const auto error = [&](const char* path, const char* readable) {
    return error_of_opening(folder / path, O_RDONLY, {folder / readable});
  };
  CHECK(error("file", "file") == 0);
  CHECK(error("other", "file") == EACCES);
  CHECK(error("link", "link") == 0);
  CHECK(error("data/below/part", "data") == 0);
  CHECK(error("file", "data") == EACCES);
  CHECK(error("data/link", "data") == EACCES);
  CHECK(error("missing", "data") == ENOENT);
  CHECK(error_of_opening("/etc/passwd", O_RDONLY, {folder / ""}) == EACCES);
  CHECK(error_of_opening("/proc/self/statm", O_RDONLY, {}) == 0);
}
