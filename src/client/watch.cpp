#include "client/watch.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/exit_code.hpp"
#include "base/socket_path.hpp"
#include "client/output.hpp"
#include "terminal/job_display.hpp"
#include "terminal/job_summary.hpp"

namespace ampd::client {
namespace {

DaemonClient::Deadline deadline_of(Patience patience) {
  if (!patience) return std::nullopt;
  const std::chrono::duration<double> seconds(*patience);
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds);
}

}  // namespace

int watch(const Globals& globals, const std::string& job, Patience patience) {
  const DaemonClient daemon(base::socket_paths(globals.place.socket), deadline_of(patience));
  terminal::JobDisplay display{terminal::Screen(STDERR_FILENO)};
  daemon.follow(to_target(store::Resource{{"jobs", job, "watch"}, {}}), [&](const Json& line) {
    if (globals.json) {
      print_json(line);
    } else {
      display.show(line);
    }
  });
  display.close();
  const Json result = daemon.call("GET", to_target(store::Resource{{"jobs", job, "result"}, {}}));
  if (globals.json) {
    print_json(Json{{"result", result}});
  } else {
    print(terminal::job_summary(result));
  }
  return static_cast<int>(terminal::job_exit_code(result.at("job")));
}

void add_patience(CLI::App& app, Patience& patience) {
  app.add_option("--timeout", patience,
                 "wait at most this long; then exit code 124, the job goes on")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9));
}

Action declare_watch(CLI::App& app, const Globals& globals) {
  struct Options {
    std::string job;
    Patience patience;
  };
  const auto options = std::make_shared<Options>();
  app.add_option("JOB", options->job, "id or name")->required();
  add_patience(app, options->patience);
  return [options, &globals] { return watch(globals, options->job, options->patience); };
}

}  // namespace ampd::client
