#include "terminal/command_line.hpp"

#include <algorithm>
#include <cstdio>

#include "base/exit_code.hpp"

namespace ampd::terminal {
namespace {

/// CLI11's sentences for some errors take several lines.
std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

std::string usage_error(const CLI::App& app, const std::string& program, const CLI::Error& error) {
  const auto chosen = app.get_subcommands();
  const std::vector<std::string> unread = app.remaining(true);
  const bool is_verb_missing = chosen.empty() && !unread.empty() && unread.front()[0] != '-';
  if (is_verb_missing) {
    return program + ": there is no verb \"" + unread.front() + "\"; " + program +
           " --help lists them";
  }
  const std::string verb = chosen.empty() ? "" : " " + chosen.front()->get_name();
  return program + verb + ": " + one_line(error.what()) + "; see " + program + verb + " --help";
}

std::optional<int> parse_command_line(CLI::App& app, const std::string& program, int argc,
                                      char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "%s\n", usage_error(app, program, error).c_str());
    return static_cast<int>(base::ExitCode::usage);
  }
}

}  // namespace ampd::terminal
