#include "runner/grant.hpp"

#include <sys/stat.h>

#include "protocol/order_paths.hpp"

namespace ampd::runner {

std::set<Grant> grants_of(const protocol::Order& order) {
  std::set<Grant> grants;
  for (const std::filesystem::path& path : protocol::paths_of(order)) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) grants.insert({path, status.st_dev, status.st_ino});
  }
  return grants;
}

}  // namespace ampd::runner
