// The daemon's log, on stderr: for people with a time, for the journal with a priority.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ampd::daemon {

/// trace, debug, info, warn, error
const std::vector<std::string>& log_levels();

/// Sets up spdlog's default logger. Call once.
void start_log();

/// `level` is one of log_levels().
void set_log_level(std::string_view level);

}  // namespace ampd::daemon
