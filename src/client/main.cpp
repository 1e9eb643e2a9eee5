#include <cstdio>
#include <exception>
#include <functional>
#include <span>
#include <string>

#include <CLI/CLI.hpp>

#include "ampd/error.hpp"
#include "base/exit_code.hpp"
#include "client/verb.hpp"
#include "terminal/command_line.hpp"

namespace {

using namespace ampd::client;
using ampd::base::ExitCode;

int fail(const std::exception& exception, ExitCode code) {
  std::fprintf(stderr, "ampctl: %s\n", exception.what());
  return static_cast<int>(code);
}

int run(int argc, char** argv) {
  CLI::App app("Client of ampd, the tuner of mixed precision");
  Globals globals;
  Action action;
  app.set_version_flag("--version", "ampctl " AMPD_VERSION);
  app.fallthrough();
  app.add_option("--state-dir", globals.place.state_dir, "the daemon's state directory")
      ->type_name("DIR");
  app.add_option("--socket", globals.place.socket, "the daemon's socket")->type_name("PATH");
  app.add_flag("--json", globals.json, "print JSON");
  for (const std::span<const Verb> verbs :
       {job_verbs(), view_verbs(), state_verbs(), worker_verbs()}) {
    for (const Verb& verb : verbs) {
      CLI::App* const subcommand = app.add_subcommand(verb.name, verb.summary);
      subcommand->callback(
          [&action, declared = verb.declare(*subcommand, globals)] { action = declared; });
    }
  }
  const auto ends = ampd::terminal::parse_command_line(app, "ampctl", argc, argv);
  if (ends) return *ends;
  if (!action) {
    std::fprintf(stderr, "ampctl: name a verb; ampctl --help lists them\n");
    return static_cast<int>(ExitCode::usage);
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Unreachable& error) {
    return fail(error, ExitCode::unreachable);
  } catch (const TimedOut& error) {
    return fail(error, ExitCode::client_timeout);
  } catch (const ampd::Error& error) {
    return fail(error, ampd::base::exit_code(error.code()));
  } catch (const std::exception& exception) {
    return fail(exception, ExitCode::failed);
  }
}
