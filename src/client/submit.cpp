#include "client/submit.hpp"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/socket_path.hpp"
#include "client/output.hpp"
#include "client/upload.hpp"
#include "client/watch.hpp"
#include "job/job_file.hpp"

namespace ampd::client {
namespace {

struct Options {
  std::filesystem::path job_file;
  bool wait = false;
  Patience patience;
};

/// The body of the request. Throws Error(invalid) with all that is wrong with the file.
Json request(const std::filesystem::path& path) {
  const std::string text = base::read_text(path, base::limits::job_file_bytes);
  const job::Lint lint = job::lint_text(text, path);
  for (const job::Problem& problem : lint.warnings) say("warning: " + to_string(problem));
  return {{"job", Json(to_json(job::require_job(lint)))}, {"job_file", text}};
}

int submit(const Globals& globals, const Options& options) {
  Json body = request(options.job_file);
  const DaemonClient daemon(base::socket_paths(globals.place.socket));
  const job::Job job = job::from_json(body["job"]);
  const bool has_data = std::holds_alternative<job::MetricEvaluation>(job.evaluation);
  if (has_data && daemon.call("GET", "/v1/status").at("uid") != ::geteuid()) {
    body["uploads"] = upload(job, daemon);
  }
  const Json answer = daemon.call("POST", "/v1/jobs", body.dump());
  for (const Json& warning : answer.at("warnings")) say("warning: " + warning.get<std::string>());
  const std::string id = answer.at("id").dump();
  if (globals.json) {
    print_json(answer);
  } else {
    print(id + "\n");
  }
  if (options.wait) return watch(globals, id, options.patience);
  say(answer.at("name").get<std::string>() + " is queued as job " + id +
      "; follow it with: ampctl watch " + id);
  return 0;
}

}  // namespace

Action declare_submit(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  app.add_option("FILE", options->job_file, "job file")->required();
  app.add_flag("--wait", options->wait, "follow the job and return its exit code");
  add_patience(app, options->patience);
  return [options, &globals] { return submit(globals, *options); };
}

}  // namespace ampd::client
