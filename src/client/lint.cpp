#include "client/lint.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "base/exit_code.hpp"
#include "client/output.hpp"
#include "client/worker.hpp"
#include "job/job_file.hpp"

namespace ampd::client {
namespace {

/// A problem of the model that the job file names.
job::Problem model_problem(const job::Lint& lint, job::ProblemCode code,
                           const std::string& message) {
  return {code, lint.file, {}, "model.path", message, ""};
}

/// Adds what only a look into the model can tell, for a job without errors so far.
void look_into_model(job::Lint& lint) {
  const job::Job& job = *lint.job;
  const std::string model = job.model_path.string();
  protocol::Inspect order;
  order.model = {job.model_path, job.model_path.parent_path(), model};
  order.target = job.target();
  order.job = job;
  try {
    const Answer answer = ask_worker(std::move(order), job.threads, "the inspection of " + model);
    const auto& inspected = std::get<protocol::Inspected>(answer.reply);
    for (const std::string& op : inspected.unsupported) {
      lint.errors.push_back(model_problem(lint, job::ProblemCode::unsupported,
                                          model + " has an operator that ampd cannot run: " + op));
    }
    TuningSpace space = inspected.space;
    job::apply_constraints(job, space);
    std::int64_t free_ops = 0;
    for (std::size_t i = 0; i < space.ops.size(); ++i) free_ops += space.is_free(i) ? 1 : 0;
    job::add_trial_limit_warning(lint, free_ops);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::io) throw;
    const bool is_unsupported = error.code() == ErrorCode::unsupported;
    const auto code = is_unsupported ? job::ProblemCode::unsupported : job::ProblemCode::invalid;
    lint.errors.push_back(model_problem(lint, code, error.what()));
  }
}

int lint(const Globals& globals, const std::filesystem::path& path) {
  job::Lint found = job::lint(path);
  if (found.job) look_into_model(found);
  if (globals.json) {
    print_json(Json(to_json(found)));
  } else {
    for (const job::Problem& problem : found.errors) print("error: " + to_string(problem) + "\n");
    for (const job::Problem& problem : found.warnings) {
      print("warning: " + to_string(problem) + "\n");
    }
    if (found.errors.empty() && found.warnings.empty()) say(path.string() + " is in order.");
  }
  return static_cast<int>(found.errors.empty() ? base::ExitCode::ok : base::ExitCode::failed);
}

}  // namespace

Action declare_lint(CLI::App& app, const Globals& globals) {
  const auto path = std::make_shared<std::filesystem::path>();
  app.add_option("FILE", *path, "job file")->required();
  return [path, &globals] { return lint(globals, *path); };
}

}  // namespace ampd::client
