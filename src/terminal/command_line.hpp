// How a program reads its command line: what CLI11 finds wrong becomes one line.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace ampd::terminal {

/// "ampctl: show: JOB is required; see ampctl show --help"
std::string usage_error(const CLI::App& app, const std::string& program, const CLI::Error& error);

/// Parses; prints what --help and --version ask for, or the usage error. The code with which the
/// program ends now, or nothing when it goes on.
std::optional<int> parse_command_line(CLI::App& app, const std::string& program, int argc,
                                      char** argv);

}  // namespace ampd::terminal
