#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/limits.hpp"
#include "base/memory_size.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"
#include "job/job_file.hpp"
#include "terminal/format.hpp"
#include "terminal/screen.hpp"

namespace ampd::client {
namespace {

using protocol::Planned;

struct Options {
  std::filesystem::path job;
  int threads = 0;
  std::int64_t memory_mib = 0;
  std::int64_t trials_together = 64;
};

/// What is shown: the worker's prediction, and what follows from it and the job.
struct Prediction {
  Planned found;
  std::int64_t memory_budget_bytes = 0;
  std::uint64_t seed = 0;
  std::vector<std::optional<double>> ends_by_seconds;  // by stage
  std::optional<double> total_seconds;
  std::int64_t trials = 0;
  std::int64_t passes = 0;
};

Prediction prediction(Planned found, const job::Job& job, std::int64_t memory_budget_bytes) {
  Prediction made{std::move(found), memory_budget_bytes, job.seed, {}, {}};
  const bool ends_with_goal = !(job.settings.exit_policy.timeout_seconds > 0);
  double seconds = made.found.preparation_seconds + made.found.latency_seconds;
  for (const Planned::Stage& stage : made.found.stages) {
    seconds += stage.seconds;
    made.trials += stage.trials;
    made.passes += stage.passes;
    const bool can_end = made.found.is_timed && ends_with_goal && stage.stage != "baseline";
    made.ends_by_seconds.push_back(can_end ? std::optional(seconds) : std::nullopt);
  }
  if (made.found.is_timed) made.total_seconds = seconds;
  return made;
}

Json to_json(const Prediction& made) {
  const Planned& found = made.found;
  Json stages = Json::array();
  for (std::size_t i = 0; i < found.stages.size(); ++i) {
    const Planned::Stage& stage = found.stages[i];
    stages.push_back({{"stage", stage.stage},
                      {"trials", stage.trials},
                      {"reused", stage.reused},
                      {"passes", stage.passes},
                      {"seconds", found.is_timed ? Json(stage.seconds) : Json()},
                      {"ends_by_seconds", json_of(made.ends_by_seconds[i])}});
  }
  return {{"trials", made.trials},
          {"passes", made.passes},
          {"batches", found.is_timed ? Json(found.batches) : Json()},
          {"preparation_seconds", found.is_timed ? Json(found.preparation_seconds) : Json()},
          {"latency_seconds", found.is_timed ? Json(found.latency_seconds) : Json()},
          {"total_seconds", json_of(made.total_seconds)},
          {"memory_bytes", found.is_timed ? Json(found.memory_bytes) : Json()},
          {"memory_budget_bytes", made.memory_budget_bytes},
          {"end", found.end},
          {"refine_trials", found.refine_trials},
          {"refine_seconds", found.is_timed ? Json(found.refine_seconds) : Json()},
          {"stages", stages}};
}

std::string counted(std::int64_t number, const std::string& noun, const std::string& plural) {
  return terminal::count(number) + " " + (number == 1 ? noun : plural);
}

void print_stages(const Prediction& made) {
  using terminal::Align;
  terminal::Table table({{"STAGE"},
                         {"TRIALS", Align::right},
                         {"PASSES", Align::right},
                         {"TIME", Align::right},
                         {"ENDS BY", Align::right}});
  for (std::size_t i = 0; i < made.found.stages.size(); ++i) {
    const Planned::Stage& stage = made.found.stages[i];
    table.add({stage.stage, terminal::count(stage.trials), terminal::count(stage.passes),
               made.found.is_timed ? terminal::duration(stage.seconds) : "-",
               terminal::optional(made.ends_by_seconds[i], terminal::duration)});
  }
  print_table(table, "The search has no trials.");
}

std::string totals(const Prediction& made) {
  std::string text = "\n" + counted(made.trials, "trial", "trials") + " in " +
                     counted(made.passes, "pass", "passes");
  if (!made.found.is_timed) return text + ", one by one\n";
  text += " of " + counted(made.found.batches, "batch", "batches") + ", in " +
          terminal::duration(*made.total_seconds) + " (" +
          terminal::duration(made.found.preparation_seconds) + " to open model and data";
  if (made.found.latency_seconds > 0) {
    text += ", " + terminal::duration(made.found.latency_seconds) + " to measure latency";
  }
  return text + ")\nmemory " + terminal::byte_count(made.found.memory_bytes) + " of the " +
         terminal::byte_count(made.memory_budget_bytes) + " that are allowed\n";
}

std::string assumptions(const Prediction& made) {
  std::string text = "Assumed: no trial meets the goal";
  if (made.found.end != "exhausted") text += ", and " + made.found.end + " ends the search";
  if (!made.found.is_timed) return text + "; a trial takes as long as the job's command.\n";
  if (made.found.stages.size() == 4) {
    text += "; operators hurt in an order drawn from seed " + std::to_string(made.seed);
  }
  text += "; the machine stays as busy as it was.\n";
  if (made.ends_by_seconds.back()) {
    text += "A goal that is met in a stage ends the ";
    text += made.found.refine_trials > 0 ? "stages" : "job";
    text += " by the time in the last column";
    if (made.found.refine_trials > 0) {
      text += "; a round of refine follows: at most " +
              counted(made.found.refine_trials, "trial", "trials") + ", " +
              terminal::duration(made.found.refine_seconds) + ", and less again for each gain";
    }
    text += ".\n";
  }
  return text;
}

Planned planned_by_worker(const job::Job& job, std::int64_t memory_budget_bytes,
                          const Options& options) {
  Worker worker(options.threads > 0 ? options.threads : job.threads);
  terminal::Screen screen(STDERR_FILENO);
  const auto show = [&](const protocol::Progress& now) {
    if (!screen.is_terminal()) return;
    const std::int64_t next = std::min(now.batches_done + 1, now.batches);
    terminal::Progress progress;
    progress.stage = "planning";
    progress.trial = next;
    progress.trials = now.batches;
    screen.show(progress);
  };
  const Answer answer = worker.ask(protocol::Plan{reference_to(job.model_path), job,
                                                  memory_budget_bytes, options.trials_together},
                                   "the plan of " + job.name, show);
  screen.clear();
  return std::get<Planned>(answer.reply);
}

int plan(const Globals& globals, const Options& options) {
  const job::Job job = job::read_job(options.job);
  const std::int64_t budget = base::memory_budget_bytes(options.memory_mib << 20);
  const Prediction made = prediction(planned_by_worker(job, budget, options), job, budget);
  if (globals.json) {
    print_json(to_json(made));
  } else {
    print_stages(made);
    print(totals(made) + assumptions(made));
  }
  return 0;
}

}  // namespace

Action declare_plan(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  app.add_option("FILE", options->job, "job file")->required();
  add_threads(app, options->threads);
  app.add_option("--memory-mib", options->memory_mib,
                 "MiB that trials evaluated at once may take; 0: half of the RAM")
      ->check(CLI::Range(std::int64_t{0}, base::limits::memory_mib));
  app.add_option("--trials-together", options->trials_together,
                 "how many trials may be evaluated at once; 1: one by one")
      ->check(CLI::Range(std::int64_t{1}, base::limits::trials_together));
  return [options, &globals] { return plan(globals, *options); };
}

}  // namespace ampd::client
