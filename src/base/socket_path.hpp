// Where the daemon's socket is.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace ampd::base {

/// The places to look, in order: `given` (--socket) alone, or $AMPD_SOCKET alone, or
/// $XDG_RUNTIME_DIR/ampd/ampd.sock and /run/ampd/ampd.sock. A daemon listens at the first.
std::vector<std::filesystem::path> socket_paths(
    const std::optional<std::filesystem::path>& given = {});

}  // namespace ampd::base
