// A folder for intermediate files; it goes in the end.
#pragma once

#include <filesystem>

namespace ampd::client {

class TemporaryFolder {
 public:
  /// Makes a hidden folder in `parent`. Throws Error when that is not possible.
  explicit TemporaryFolder(const std::filesystem::path& parent);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace ampd::client
