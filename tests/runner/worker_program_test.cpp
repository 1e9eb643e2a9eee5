#include "runner/worker_program.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "temporary_folder.hpp"

using ampd::runner::find_worker;

TEST_CASE("the worker that the environment names comes first, and must be a program") {
  const TemporaryFolder folder;
  ampd::base::write_file(folder / "mine", "#!/bin/sh\n", 0755);
  ampd::base::write_file(folder / "plain", "", 0644);
  ::setenv("AMPD_WORKER", (folder / "mine").c_str(), 1);
  CHECK(find_worker() == folder / "mine");
  ::setenv("AMPD_WORKER", (folder / "plain").c_str(), 1);
  CHECK_THROWS_AS(find_worker(), ampd::Error);
  ::unsetenv("AMPD_WORKER");
}
