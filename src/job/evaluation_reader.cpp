#include "job/evaluation_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/limits.hpp"
#include "job/catalogue.hpp"
#include "job/key.hpp"

namespace ampd::job {
namespace {

constexpr std::int64_t count_max = 1'000'000'000;
constexpr double seconds_max = 1e9;
const std::string agreement = "metric: {agreement: {}}";

std::optional<std::int64_t> read_iteration(const Section& section) {
  const auto iteration = section.integer("iteration", -1, count_max);
  if (iteration != 0) return iteration;
  section.error(ProblemCode::invalid, "iteration",
                join(section.path(), "iteration") + " must be -1, or 1 or more, not 0");
  return std::nullopt;
}

void check_labels(const Section& dataloader, const Component& metric, const Component& dataset) {
  if (!traits(metric).needs_labels || has_labels(dataset)) return;
  dataloader.error(ProblemCode::missing, "dataset",
                   "the dataset has no labels, which the metric " + metric.name + " needs",
                   agreement);
}

Dataloader read_dataloader(const Section& section, const ComponentReader& components,
                           const std::optional<Component>& metric) {
  Dataloader loader;
  loader.batch_size = section.integer("batch_size", 1, count_max).value_or(1);
  const std::vector<std::string> choices{"rollover", "discard"};
  loader.discard_last_batch = section.choice("last_batch", choices) == "discard";
  if (const Node* transform = section.find("transform")) {
    const std::string key = join(section.path(), "transform");
    loader.transforms = components.all(Role::transform, key, *transform);
  }
  const Node* dataset = section.find("dataset");
  if (dataset == nullptr) {
    section.missing("dataset", "where the samples are",
                    "dataset: {npy: {input: x.npy, label: y.npy}}");
  } else if (auto found =
                 components.one(Role::dataset, join(section.path(), "dataset"), *dataset)) {
    loader.dataset = std::move(*found);
    if (metric) check_labels(section, *metric, loader.dataset);
  }
  return loader;
}

std::optional<Component> read_metric(const Section& accuracy, const ComponentReader& components) {
  if (const Node* node = accuracy.find("metric")) {
    return components.one(Role::metric, join(accuracy.path(), "metric"), *node);
  }
  if (accuracy.find("multi_metrics") == nullptr) {
    accuracy.missing("metric", "what accuracy is; agreement with the fp32 model needs no labels",
                     agreement);
  }
  return std::nullopt;
}

MetricEvaluation read_accuracy(const Section& accuracy, const ComponentReader& components,
                               Purpose purpose) {
  MetricEvaluation evaluation;
  const auto metric = read_metric(accuracy, components);
  if (metric) evaluation.metric = *metric;
  if (accuracy.find("dataloader") != nullptr) {
    evaluation.dataloader = read_dataloader(accuracy.section("dataloader"), components, metric);
  } else if (purpose == Purpose::job) {
    accuracy.missing("dataloader", "the samples that accuracy is measured on",
                     "dataloader: {dataset: {npy: {input: x.npy, label: y.npy}}}");
  }
  evaluation.batches_max = read_iteration(accuracy).value_or(-1);
  const Section postprocess = accuracy.section("postprocess");
  if (const Node* transform = postprocess.find("transform")) {
    evaluation.postprocess =
        components.all(Role::postprocess, join(postprocess.path(), "transform"), *transform);
  }
  return evaluation;
}

/// A program with a slash in its name is looked for now, so that a typing error shows at once.
void check_program(const Section& section, const std::filesystem::path& folder,
                   const std::string& program) {
  if (program.find('/') == std::string::npos) return;
  const std::filesystem::path full = (folder / program).lexically_normal();
  std::error_code failure;
  if (!std::filesystem::exists(full, failure)) {
    section.error(ProblemCode::missing, "command",
                  join(section.path(), "command") + ": there is no file " + full.string());
  } else if (!std::filesystem::is_regular_file(full, failure) ||
             ::access(full.c_str(), X_OK) != 0) {
    section.error(ProblemCode::invalid, "command",
                  join(section.path(), "command") + ": " + full.string() + " is not a program",
                  "chmod +x " + full.filename().string());
  }
}

CommandEvaluation read_command(const Section& section, const std::filesystem::path& folder) {
  CommandEvaluation evaluation;
  evaluation.timeout_seconds = section.number("timeout", 0, seconds_max).value_or(0);
  if (section.find("command") == nullptr) {
    section.missing("command", "the program that measures accuracy", "command: [./score.sh]");
    return evaluation;
  }
  const Node& node = *section.find("command");
  if (node.is_scalar()) {
    evaluation.command = {node.text};
  } else {
    evaluation.command = section.texts("command").value_or(std::vector<std::string>{});
    if (node.is_sequence() && node.children.empty()) {
      section.error(ProblemCode::invalid, "command",
                    join(section.path(), "command") + " must not be empty", "[./score.sh]");
    }
  }
  if (!evaluation.command.empty()) check_program(section, folder, evaluation.command.front());
  return evaluation;
}

std::optional<std::int64_t> read_threads(const Section& configs) {
  const auto cores = configs.integer("cores_per_instance", 1, base::limits::threads);
  const auto threads = configs.integer("intra_num_of_threads", 1, base::limits::threads);
  return threads ? threads : cores;
}

int read_lanes(const Section& configs, int threads) {
  const auto lanes = configs.integer("lanes", 1, base::limits::threads);
  if (lanes && threads > 0 && *lanes > threads) {
    configs.error(
        ProblemCode::invalid, "lanes",
        join(configs.path(), "lanes") + " must not be more than the threads that they share",
        std::to_string(threads));
  }
  return static_cast<int>(lanes.value_or(threads > 0 ? 1 : 0));
}

PerformanceEvaluation read_performance(const Section& section) {
  PerformanceEvaluation performance;
  performance.warmup = section.integer("warmup", 0, count_max).value_or(performance.warmup);
  const std::int64_t rounds = read_iteration(section).value_or(-1);
  if (rounds > 0) performance.rounds = rounds;
  return performance;
}

}  // namespace

void read_evaluation(const Section& evaluation, const ComponentReader& components, Purpose purpose,
                     Job& job) {
  const bool has_command = evaluation.find("eval_func") != nullptr;
  const bool has_accuracy = evaluation.find("accuracy") != nullptr;
  if (has_command && has_accuracy) {
    evaluation.error(ProblemCode::invalid, "eval_func",
                     "evaluation.eval_func and evaluation.accuracy exclude each other");
  } else if (!has_command && !has_accuracy && purpose == Purpose::job) {
    evaluation.missing("accuracy",
                       "how accuracy is measured, by a metric (agreement with the fp32 model needs "
                       "no labels) or by your own eval_func",
                       "accuracy: {" + agreement + ", dataloader: {...}}");
  }
  const Section accuracy = evaluation.section("accuracy");
  const Section command = evaluation.section("eval_func");
  const Section performance = evaluation.section("performance");
  if (has_accuracy) job.evaluation = read_accuracy(accuracy, components, purpose);
  if (has_command) job.evaluation = read_command(command, job.folder);
  job.performance = read_performance(performance);
  const Section configs = accuracy.section("configs");
  const auto accuracy_threads = read_threads(configs);
  const auto performance_threads = read_threads(performance.section("configs"));
  if (accuracy_threads && performance_threads && *accuracy_threads != *performance_threads) {
    performance.warning(ProblemCode::invalid, "configs",
                        "evaluation.performance.configs asks for " +
                            std::to_string(*performance_threads) + " threads, but " +
                            std::to_string(*accuracy_threads) +
                            " are used, as evaluation.accuracy.configs says");
  }
  job.threads = static_cast<int>(accuracy_threads.value_or(performance_threads.value_or(0)));
  if (has_accuracy) job.lanes = read_lanes(configs, job.threads);
}

}  // namespace ampd::job
