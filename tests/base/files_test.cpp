#include "base/files.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <fstream>

#include "ampd/error.hpp"
#include "temporary_folder.hpp"

namespace {

ampd::ErrorCode code_of_reading(const std::filesystem::path& path, std::int64_t bytes_max) {
  try {
    ampd::base::read_text(path, bytes_max);
  } catch (const ampd::Error& error) {
    CHECK(std::string(error.what()).find(path.filename().string()) != std::string::npos);
    return error.code();
  }
  FAIL("reading succeeded");
  return {};
}

}  // namespace

TEST_CASE("a written file is read back whole and leaves nothing beside it") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "a", std::string("x\0y", 3));
  ampd::base::write_file(folder / "a", "second");
  CHECK(ampd::base::read_text(folder / "a", 100) == "second");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a file that cannot be read is named with the reason") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "large", "12345");
  CHECK(code_of_reading(folder / "absent", 10) == ampd::ErrorCode::not_found);
  CHECK(code_of_reading(folder.path(), 10) == ampd::ErrorCode::invalid);
  CHECK(code_of_reading(folder / "large", 4) == ampd::ErrorCode::exhausted);
}

TEST_CASE("a memory file carries its bytes behind a descriptor") {
  const ampd::base::FileDescriptor file = ampd::base::memory_file("m", "bytes");
  CHECK(ampd::base::read_descriptor(file.get(), "m", 5).size() == 5);
}

TEST_CASE("a link that may not be followed is named with where it leads to") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/elsewhere/x.jpg", folder / "x.jpg");
  const std::string sentence = "cannot open " + (folder / "x.jpg").string() +
                               ", a link to /elsewhere/x.jpg: Permission denied";
  CHECK_THROWS_WITH_AS(ampd::base::throw_system_error("cannot open", folder / "x.jpg", EACCES),
                       sentence.c_str(), ampd::Error);
}
