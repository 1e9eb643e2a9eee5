#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "ampd/error.hpp"
#include "ampd/tune_config.hpp"
#include "base/files.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/temporary_folder.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"
#include "job/job_file.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

struct Options {
  std::filesystem::path job;
  ConfigOptions config;
  int threads = 0;
};

TuningSpace inspected_space(const job::Job& job, Precision target, Worker& worker) {
  protocol::Inspect order{reference_to(job.model_path), target, {}, job};
  const Answer answer =
      worker.ask(std::move(order), "the inspection of " + job.model_path.string());
  return std::get<protocol::Inspected>(answer.reply).space;
}

/// The user's command judges the config, as it would in a search.
protocol::Evaluated run_command(const job::Job& job, const TuningSpace& space,
                                const protocol::Precisions& precisions, Worker& worker) {
  const auto& evaluation = std::get<job::CommandEvaluation>(job.evaluation);
  TuneConfig config = fp32_config(space);
  for (std::size_t i = 0; i < space.ops.size(); ++i) {
    const auto found = precisions.find(space.ops[i].name);
    if (found != precisions.end()) config.precisions[i] = found->second;
  }
  const TemporaryFolder folder(std::filesystem::temp_directory_path());
  const std::filesystem::path file = folder / "config.json";
  base::write_file(file, to_json(space, config));
  const Answer answer =
      worker.run({evaluation.command,
                  job.folder,
                  {{"AMPD_MODEL", job.model_path.string()}, {"AMPD_CONFIG", file.string()}},
                  evaluation.timeout_seconds});
  return std::get<protocol::Evaluated>(answer.reply);
}

protocol::Evaluated run_metric(const job::Job& job, const protocol::Precisions& precisions,
                               Worker& worker) {
  protocol::Evaluate order;
  order.model = reference_to(job.model_path);
  order.job = job;
  order.configs = {precisions};
  const Answer answer = worker.ask(std::move(order), "the evaluation of " + job.name);
  return std::get<protocol::Evaluated>(answer.reply);
}

int eval(const Globals& globals, const Options& options) {
  const job::Job job = job::read_job(options.job);
  Worker worker(options.threads > 0 ? options.threads : job.threads);
  const bool has_command = std::holds_alternative<job::CommandEvaluation>(job.evaluation);
  const bool is_plain = !options.config.has_file() && options.config.precision() == Precision::fp32;
  TuningSpace space;
  if (has_command || !is_plain) {
    const Precision target =
        is_plain || options.config.has_file() ? job.target() : options.config.precision();
    space = inspected_space(job, target, worker);
  }
  const protocol::Precisions precisions = options.config.precisions(space);
  const protocol::Evaluated found = has_command ? run_command(job, space, precisions, worker)
                                                : run_metric(job, precisions, worker);
  const double accuracy = found.verdicts.at(0).accuracy;
  if (globals.json) {
    print_json({{"accuracy", accuracy},
                {"samples", has_command ? Json() : Json(found.samples)},
                {"seconds", found.seconds}});
  } else {
    print("accuracy " + terminal::decimal(accuracy, 6) +
          (has_command ? std::string() : " on " + terminal::count(found.samples) + " samples") +
          " in " + terminal::duration(found.seconds) + "\n");
  }
  return 0;
}

}  // namespace

Action declare_eval(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  app.add_option("FILE", options->job, "job file")->required();
  options->config.add_to(app);
  add_threads(app, options->threads);
  return [options, &globals] { return eval(globals, *options); };
}

}  // namespace ampd::client
