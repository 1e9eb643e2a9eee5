#include "runner/worker_program.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "ampd/error.hpp"

namespace ampd::runner {
namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

fs::path own_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

}  // namespace

fs::path find_worker() {
  const char* chosen = std::getenv("AMPD_WORKER");
  if (chosen != nullptr && *chosen != '\0') {
    if (is_program(chosen)) return fs::absolute(chosen);
    throw Error(ErrorCode::not_found,
                std::string("$AMPD_WORKER names ") + chosen + ", which is not a program");
  }
  const fs::path folder = own_folder();
  const std::array places{folder / "ampd-worker",
                          (folder / "../worker/ampd-worker").lexically_normal(),
                          fs::path(AMPD_LIBEXEC_FOLDER) / "ampd-worker"};
  std::string listed;
  for (const fs::path& place : places) {
    if (is_program(place)) return place;
    listed += (listed.empty() ? "" : ", ") + place.string();
  }
  throw Error(ErrorCode::not_found,
              "there is no ampd-worker at " + listed + "; set AMPD_WORKER to where it is");
}

}  // namespace ampd::runner
