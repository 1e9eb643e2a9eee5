#include "client/temporary_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/files.hpp"

namespace ampd::client {

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent) {
  std::string pattern = (parent / ".ampctl-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    base::throw_system_error("cannot write in", parent, errno);
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ampd::client
