#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "ampd/error.hpp"
#include "base/exit_code.hpp"
#include "base/limits.hpp"
#include "daemon/daemon.hpp"
#include "daemon/log.hpp"
#include "daemon/run.hpp"
#include "terminal/command_line.hpp"

namespace {

using ampd::Error;
using ampd::base::ExitCode;
using ampd::daemon::Configuration;
using ampd::daemon::DaemonOptions;
using ampd::daemon::RunOptions;

int fail(const std::string& sentence, ExitCode code) {
  std::fprintf(stderr, "ampd: %s\n", sentence.c_str());
  return static_cast<int>(code);
}

int serve(const DaemonOptions& options) {
  std::optional<Configuration> configuration;
  try {
    configuration = ampd::daemon::read_configuration(options.configuration);
  } catch (const Error& error) {
    return fail(error.what(), ExitCode::configuration);
  }
  ampd::daemon::start_log();
  ampd::daemon::set_log_level(configuration->log_level);
  try {
    ampd::daemon::Daemon daemon(options, *std::move(configuration));
    daemon.run();
    return 0;
  } catch (const Error& error) {
    // What a start can lack is room on its disk: by its exit code, an output that failed.
    if (error.code() != ampd::ErrorCode::exhausted) throw;
    return fail(error.what(), ExitCode::io);
  }
}

int run(const RunOptions& options) {
  ampd::daemon::JobFile job_file = ampd::daemon::read_job_file(options.job_file);
  ampd::daemon::Run run(options, std::move(job_file));
  return run.run();
}

int main_of(int argc, char** argv) {
  CLI::App app("Tunes the precision of ONNX models: without a verb the daemon, see ampctl");
  DaemonOptions daemon;
  RunOptions once;
  app.set_version_flag("--version", "ampd " AMPD_VERSION);
  app.fallthrough();
  app.add_option("--config", daemon.configuration, "configuration file")->type_name("FILE");
  app.add_option("--state-dir", daemon.state_dir, "where everything is kept")->type_name("DIR");
  app.add_option("--socket", daemon.socket, "where clients are served")->type_name("PATH");
  app.add_flag("--allow-network-state", daemon.allows_network_state,
               "take a state directory on a network file system, at your own risk");
  CLI::App* const verb = app.add_subcommand("run", "Tune one job in the foreground");
  verb->add_option("JOB", once.job_file, "job file")->required()->type_name("FILE");
  verb->add_flag("--again", once.again, "a new job, even if this one is known");
  verb->add_flag("--accept-fingerprint", once.accepts_fingerprint,
                 "go on although the machine or its libraries changed");
  verb->add_option("--memory-mib", once.memory_mib,
                   "MiB that trials evaluated at once may take; 0: half of the RAM")
      ->check(CLI::Range(std::int64_t{0}, ampd::base::limits::memory_mib));
  verb->add_option("--trials-together", once.trials_together,
                   "how many trials may be evaluated at once; 1: one by one")
      ->check(CLI::Range(std::int64_t{1}, ampd::base::limits::trials_together));
  verb->add_flag("--json", once.json, "print the result as JSON");
  if (const auto ends = ampd::terminal::parse_command_line(app, "ampd", argc, argv)) return *ends;
  once.state_dir = daemon.state_dir;
  once.allows_network_state = daemon.allows_network_state;
  return verb->parsed() ? run(once) : serve(daemon);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return main_of(argc, argv);
  } catch (const Error& error) {
    return fail(error.what(), ampd::base::exit_code(error.code()));
  } catch (const std::exception& exception) {
    return fail(exception.what(), ExitCode::failed);
  }
}
