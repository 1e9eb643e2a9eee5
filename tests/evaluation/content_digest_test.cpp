#include "evaluation/content_digest.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using evaluation::content_digest;

TEST_CASE("a file's digest is that of its bytes") {
  const TemporaryFolder folder;
  base::write_file(folder / "a", "hello\n");
  CHECK(content_digest(folder / "a") ==
        "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
  base::write_file(folder / "large", std::string(20 << 20, 'x'));
  int calls = 0;
  CHECK(content_digest(folder / "large", [&] { ++calls; }) ==
        base::sha256(std::string(20 << 20, 'x')));
  CHECK(calls > 1);
}

TEST_CASE("a folder's digest changes with any name and content in it, and with nothing else") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in/cats");
  base::write_file(folder / "in/cats/1.jpg", "one");
  base::write_file(folder / "in/cats/2.jpg", "two");
  const std::string digest = content_digest(folder / "in");
  CHECK(digest == base::sha256(base::sha256("one") + "  cats/1.jpg\n" + base::sha256("two") +
                               "  cats/2.jpg\n"));
  std::filesystem::rename(folder / "in", folder / "moved");
  CHECK(content_digest(folder / "moved") == digest);
  base::write_file(folder / "moved/cats/2.jpg", "2");
  CHECK(content_digest(folder / "moved") != digest);
  base::write_file(folder / "moved/cats/2.jpg", "two");
  CHECK(content_digest(folder / "moved") == digest);
  std::filesystem::rename(folder / "moved/cats", folder / "moved/dogs");
  CHECK(content_digest(folder / "moved") != digest);
}

TEST_CASE("what cannot be read is an error that names it") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(content_digest(folder / "none"), doctest::Contains("none"), Error);
  CHECK_THROWS_WITH_AS(content_digest("/dev/null"), "/dev/null is neither a file nor a folder",
                       Error);
}
