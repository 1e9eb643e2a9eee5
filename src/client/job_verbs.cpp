#include <array>
#include <memory>
#include <string>

#include "base/socket_path.hpp"
#include "client/export.hpp"
#include "client/lint.hpp"
#include "client/output.hpp"
#include "client/submit.hpp"
#include "client/verb.hpp"
#include "client/watch.hpp"

namespace ampd::client {
namespace {

using store::Resource;

/// What a verb tells the daemon to do with a job.
struct Order {
  const char* method;
  const char* verb;  // below the job's address; empty: the job itself
  const char* done;  // what the answer is said to be
};

int give(const Globals& globals, const std::string& job, const Order& order,
         const std::string& body = {}) {
  const DaemonClient daemon(base::socket_paths(globals.place.socket));
  Resource resource{{"jobs", job}, {}};
  if (*order.verb != '\0') resource.path.emplace_back(order.verb);
  const Json answer = daemon.call(order.method, to_target(resource), body);
  if (globals.json) print_json(answer);
  say("Job " + answer.at("id").dump() + " " + order.done + ".");
  return 0;
}

template <Order const& order>
Action declare_order(CLI::App& app, const Globals& globals) {
  const auto job = std::make_shared<std::string>();
  app.add_option("JOB", *job, "id or name")->required();
  return [job, &globals] { return give(globals, *job, order); };
}

constexpr Order pause{"POST", "pause", "is paused; a running batch ends first"};
constexpr Order resume{"POST", "resume", "goes on"};
constexpr Order cancel{"POST", "cancel", "is cancelled; its trials are kept"};
constexpr Order finish{"POST", "finish", "ends with its best config so far"};
constexpr Order retry{"POST", "retry", "is tried again from where it was"};
constexpr Order remove{"DELETE", "", "is removed with its trials"};

Action declare_resume(CLI::App& app, const Globals& globals) {
  struct Options {
    std::string job;
    bool accepts_fingerprint = false;
  };
  const auto options = std::make_shared<Options>();
  app.add_option("JOB", options->job, "id or name")->required();
  app.add_flag("--accept-fingerprint", options->accepts_fingerprint,
               "go on although the machine or its libraries changed");
  return [options, &globals] {
    const Json body{{"accept_fingerprint", options->accepts_fingerprint}};
    return give(globals, options->job, resume, body.dump());
  };
}

constexpr std::array verbs{
    Verb{"lint", "List everything that is wrong with a job file", declare_lint},
    Verb{"submit", "Queue a job", declare_submit},
    Verb{"watch", "Follow a job until it ends", declare_watch},
    Verb{"export", "Write a job's best model, its config and a report", declare_export},
    Verb{"pause", "Stop a job after the running batch", declare_order<pause>},
    Verb{"resume", "Let a paused job go on", declare_resume},
    Verb{"cancel", "End a job at once, without a result", declare_order<cancel>},
    Verb{"finish", "End a job with its best config so far", declare_order<finish>},
    Verb{"retry", "Let a failed or cancelled job go on", declare_order<retry>},
    Verb{"rm", "Remove a job and its trials", declare_order<remove>},
};

}  // namespace

std::span<const Verb> job_verbs() {
  return verbs;
}

}  // namespace ampd::client
