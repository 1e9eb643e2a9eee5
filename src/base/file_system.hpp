// Which kind of file system a folder lies on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace ampd::base {

/// The name of a file system that other machines, or programs in user space, have a hand in: locks
/// and shared memory need not work on it. Nothing for a local one. `type` is statfs(2)'s.
std::optional<std::string_view> network_file_system(std::uint32_t type);

/// Of the file system that `folder` lies on. Throws Error naming it if it is not there.
std::optional<std::string_view> network_file_system(const std::filesystem::path& folder);

}  // namespace ampd::base
