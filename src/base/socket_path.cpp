#include "base/socket_path.hpp"

#include <cstdlib>
#include <string_view>

namespace ampd::base {
namespace {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

std::vector<std::filesystem::path> socket_paths(const std::optional<std::filesystem::path>& given) {
  if (given) return {*given};
  if (const auto path = environment("AMPD_SOCKET"); !path.empty()) return {path};
  std::vector<std::filesystem::path> paths;
  if (const auto folder = environment("XDG_RUNTIME_DIR"); !folder.empty()) {
    paths.push_back(std::filesystem::path(folder) / "ampd" / "ampd.sock");
  }
  paths.emplace_back("/run/ampd/ampd.sock");
  return paths;
}

}  // namespace ampd::base
