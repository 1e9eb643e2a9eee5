#include "base/file_system.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "temporary_folder.hpp"

using ampd::base::network_file_system;

TEST_CASE("file systems that others have a hand in are known by their numbers") {
  CHECK(network_file_system(std::uint32_t{0x6969}) == "NFS");
  CHECK(network_file_system(std::uint32_t{0xfe534d42}) == "SMB2");
  CHECK(network_file_system(std::uint32_t{0x65735546}) == "FUSE");
  CHECK_FALSE(network_file_system(std::uint32_t{0xef53}));      // ext
  CHECK_FALSE(network_file_system(std::uint32_t{0x01021994}));  // tmpfs
}

TEST_CASE("the folder of a test is local, and one that is missing is named") {
  const TemporaryFolder folder;
  CHECK_FALSE(network_file_system(folder.path()));
  CHECK_THROWS_AS(network_file_system(folder / "missing"), ampd::Error);
}
