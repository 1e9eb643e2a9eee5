#include "store/state_directory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/store_fixture.hpp"

using ampd::ErrorCode;
using ampd::store::StateDirectory;
using ampd::store::StateLock;

namespace {

/// Sets variables for one test and puts the old values back.
class Environment {
 public:
  explicit Environment(const std::vector<std::pair<std::string, std::string>>& variables) {
    for (const char* name : {"AMPD_STATE_DIR", "STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      old_.emplace_back(name, value == nullptr ? std::nullopt : std::optional<std::string>(value));
      ::unsetenv(name);
    }
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : old_) {
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> old_;
};

std::string resolved(const std::vector<std::pair<std::string, std::string>>& variables,
                     const std::optional<std::filesystem::path>& given = std::nullopt) {
  const Environment environment(variables);
  return StateDirectory::resolve(given).path();
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("the state directory is the first one that is named") {
  CHECK(resolved({{"AMPD_STATE_DIR", "/b"}}, "/a/./x") == "/a/x");
  CHECK(resolved({{"AMPD_STATE_DIR", "/b"}, {"STATE_DIRECTORY", "/c"}}) == "/b");
  CHECK(resolved({{"STATE_DIRECTORY", "/c:/d"}, {"XDG_STATE_HOME", "/e"}}) == "/c");
  CHECK(resolved({{"XDG_STATE_HOME", "/e"}, {"HOME", "/f"}}) == "/e/ampd");
  CHECK(resolved({{"HOME", "/f"}}) == "/f/.local/state/ampd");
  CHECK(error_of([] { resolved({}); }).first == ErrorCode::invalid);
}

TEST_CASE("the state directory is private to its user and group") {
  StoreFixture fixture;
  const StateDirectory directory = fixture.directory();
  CHECK(mode_of(directory.path()) == 0750);
  CHECK(mode_of(directory.blobs()) == 0750);
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    CAPTURE(suffix);
    CHECK(mode_of(directory.database().string() + suffix) == 0640);
  }
}

TEST_CASE("a state directory has one writer, and the next one is told its pid") {
  StoreFixture fixture;
  const auto [code, sentence] = error_of([&] { StateLock{fixture.directory()}; });
  CHECK(code == ErrorCode::busy);
  CHECK(sentence.find("process " + std::to_string(::getpid()) + ";") != std::string::npos);
  fixture.close();
  CHECK_NOTHROW(StateLock{fixture.directory()});
}

TEST_CASE("a state directory that cannot be made is named") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "file", "");
  const auto [code, sentence] =
      error_of([&] { StateDirectory(folder / "file" / "state").create(); });
  CHECK(sentence.find((folder / "file").string()) != std::string::npos);
}

TEST_CASE("a holder that has not yet written its pid is waited for") {
  const std::string own = std::to_string(::getpid());
  const std::string nobody = "2147483646";
  struct Row {
    std::string before, after, named;
  };
  for (const Row& row : {Row{"", own, own}, Row{nobody, own, own}, Row{nobody, nobody, nobody}}) {
    CAPTURE(row.before);
    CAPTURE(row.after);
    StoreFixture fixture;
    fixture.close();
    const ampd::base::FileDescriptor lock(
        ::open(fixture.directory().lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
    const auto write = [&](const std::string& pid) {
      const std::string line = pid.empty() ? "" : pid + "\n";
      return ::ftruncate(lock.get(), 0) == 0 &&
             ::pwrite(lock.get(), line.data(), line.size(), 0) == std::ssize(line);
    };
    REQUIRE(write(row.before));
    std::jthread writer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      CHECK(write(row.after));
    });
    const auto [code, sentence] = error_of([&] { StateLock{fixture.directory()}; });
    CHECK(code == ErrorCode::busy);
    CHECK(sentence.find("process " + row.named + ";") != std::string::npos);
  }
}
