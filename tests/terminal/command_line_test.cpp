#include "terminal/command_line.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using ampd::terminal::usage_error;

namespace {

/// What a program with the verb `show JOB --last N` says to a wrong command line.
std::string complaint(std::vector<std::string> arguments) {
  CLI::App app("A program");
  app.fallthrough();
  std::string job;
  int last = 0;
  CLI::App* const show = app.add_subcommand("show", "Shows a job");
  show->add_option("JOB", job)->required();
  show->add_option("--last", last);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
    return "";
  } catch (const CLI::ParseError& error) {
    return usage_error(app, "tool", error);
  }
}

}  // namespace

TEST_CASE("a wrong command line is told in one line that names the program and the verb") {
  CHECK(complaint({"show", "3"}) == "");
  CHECK(complaint({"shwo", "3"}) == "tool: there is no verb \"shwo\"; tool --help lists them");
  CHECK(complaint({"show"}) == "tool show: JOB is required; see tool show --help");
  const std::string unexpected = complaint({"show", "3", "--first"});
  CHECK(unexpected.find("--first") != std::string::npos);
  CHECK(unexpected.find('\n') == std::string::npos);
  CHECK(complaint({"show", "3", "--last", "x"}).starts_with("tool show: "));
}
