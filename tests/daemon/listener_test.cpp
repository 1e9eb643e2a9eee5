#include "daemon/listener.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "ampd/error.hpp"
#include "temporary_folder.hpp"

namespace ampd::daemon {
namespace {

std::string refusal(const std::filesystem::path& path) {
  try {
    const Listener listener = Listener::at(path);
    return "no refusal";
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

bool is_there(const std::filesystem::path& path) {
  return std::filesystem::exists(std::filesystem::symlink_status(path));
}

TEST_CASE("a socket is for owner and group, in a folder that is made, and goes in the end") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "run" / "ampd.sock";
  {
    const Listener listener = Listener::at(path);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(S_ISSOCK(status.st_mode));
    CHECK((status.st_mode & 0777) == 0660);
  }
  CHECK_FALSE(is_there(path));
}

TEST_CASE("a socket that somebody listens on is left alone and its process is named") {
  const TemporaryFolder folder;
  const Listener listener = Listener::at(folder / "s");
  CHECK(refusal(folder / "s")
            .starts_with("busy: process " + std::to_string(::getpid()) + " already listens on "));
  CHECK(is_there(folder / "s"));
}

TEST_CASE("a socket that nobody listens on is replaced") {
  const TemporaryFolder folder;
  std::filesystem::path left = folder / "left";
  {
    const Listener listener = Listener::at(folder / "s");
    std::filesystem::create_hard_link(folder / "s", left);
  }
  REQUIRE(is_there(left));
  const Listener listener = Listener::at(left);
  CHECK(refusal(left).starts_with("busy: "));
}

TEST_CASE("what is not a socket is left alone") {
  const TemporaryFolder folder;
  std::ofstream(folder / "s") << "precious";
  CHECK(refusal(folder / "s").starts_with("invalid: " + (folder / "s").string() + " is in the"));
  CHECK(std::filesystem::file_size(folder / "s") == 8);
}

TEST_CASE("a path that no socket can have is refused") {
  const TemporaryFolder folder;
  CHECK(refusal(folder / std::string(200, 's')).starts_with("invalid: the path of a socket has"));
  CHECK(refusal(folder / "no" / "such" / "s").starts_with("not_found: cannot make the socket's"));
}

}  // namespace
}  // namespace ampd::daemon
