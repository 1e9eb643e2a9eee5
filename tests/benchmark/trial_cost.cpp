// What trials cost beyond their execution when each differs from the one before in one operator.
//
//   trial_cost MODEL TRIALS NAME=SHAPE...
//
// Evaluates the fp32 model and the one with every operator in bf16, then TRIALS configs that return
// one operator each to fp32, as the fallback stage does: each alone, then all in one pass, on one
// thread. What is given is processor time, which other processes hardly disturb. That from the
// order to the end of the first batch, less that of a later batch, is what building the program
// costs, with everything else that a trial does once.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "ampd/error.hpp"
#include "arguments.hpp"
#include "engine/program.hpp"
#include "evaluation/evaluator.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/made_up.hpp"

namespace {

using namespace ampd;

constexpr std::int64_t batches = 4;

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

double processor_ms() {
  return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Cost {
  double batch_ms = 0;
  double overhead_ms = 0;
  double configs = 1;
};

Cost cost(evaluation::Evaluator& evaluator, const std::vector<evaluation::Precisions>& configs) {
  std::vector<double> times_ms{processor_ms()};
  evaluation::Observer observer;
  observer.progress = [&](const evaluation::Progress&) { times_ms.push_back(processor_ms()); };
  const evaluation::Budget all{.cost_max = 1e9};
  const auto evaluated = evaluator.evaluate(configs, all, {}, observer);
  std::vector<double> taken_ms;
  for (std::size_t i = 1; i < times_ms.size(); ++i) {
    taken_ms.push_back(times_ms[i] - times_ms[i - 1]);
  }
  const double batch_ms = *std::min_element(taken_ms.begin() + 1, taken_ms.end());
  return {batch_ms, taken_ms.front() - batch_ms, static_cast<double>(evaluated->size())};
}

evaluation::Evaluator evaluator_of(const std::shared_ptr<evaluation::Model>& model,
                                   const evaluation::Tensors& inputs) {
  job::MetricEvaluation evaluation;
  evaluation.metric.name = "agreement";
  job::Job job;
  job.evaluation = evaluation;
  const std::int64_t samples = inputs.begin()->second.shape().front();
  return {
      model, job,
      evaluation::JobInputs([inputs, samples](std::int64_t index) -> std::optional<data::Batch> {
        if (index >= batches) return std::nullopt;
        return data::Batch{.index = index, .inputs = inputs, .labels = {}, .samples = samples};
      })};
}

/// `low` with one operator in fp32, the last operators first.
std::vector<evaluation::Precisions> fallbacks(const evaluation::SpecialGraph& special,
                                              const evaluation::Precisions& low,
                                              std::size_t count) {
  std::vector<evaluation::Precisions> configs;
  const auto& nodes = special.graph.nodes;
  for (auto node = nodes.rbegin(); node != nodes.rend() && configs.size() < count; ++node) {
    if (!low.contains(node->name)) continue;
    configs.push_back(low);
    configs.back().erase(node->name);
  }
  return configs;
}

void measure(char* path_text, std::size_t trials, std::span<char* const> shape_texts) {
  const std::filesystem::path path = std::filesystem::absolute(path_text);
  const auto model = std::make_shared<evaluation::Model>(
      evaluation::ModelSource{path, path.parent_path(), path.string()});
  const double started_ms = processor_ms();
  const auto special = model->graph(benchmark::shapes_of(shape_texts));
  const double graph_ms = processor_ms() - started_ms;
  evaluation::Evaluator evaluator =
      evaluator_of(model, evaluation::made_up_inputs(special->graph, 0));
  const evaluation::Precisions low = evaluation::all_in(*special, Precision::bf16);
  const Cost baseline = cost(evaluator, {evaluation::Precisions{}});
  const Cost model_wise = cost(evaluator, {low});
  const auto configs = fallbacks(*special, low, trials);
  std::vector<double> overheads_ms;
  std::vector<double> batches_ms;
  for (const evaluation::Precisions& config : configs) {
    const Cost alone = cost(evaluator, {config});
    overheads_ms.push_back(alone.overhead_ms);
    batches_ms.push_back(alone.batch_ms);
  }
  const Cost together = cost(evaluator, configs);
  std::printf(
      "{\"ops\": %zu, \"trials\": %zu, \"trials_in_pass\": %.0f, \"graph_ms\": %.3f, "
      "\"baseline_overhead_ms\": %.3f, "
      "\"model_wise_overhead_ms\": %.3f, \"trial_overhead_ms\": %.4f, "
      "\"trial_overhead_max_ms\": %.4f, \"trial_batch_ms\": %.4f, "
      "\"pass_overhead_ms_per_trial\": %.4f, \"pass_batch_ms_per_trial\": %.4f}\n",
      low.size(), configs.size(), together.configs, graph_ms, baseline.overhead_ms,
      model_wise.overhead_ms, median(overheads_ms), *std::ranges::max_element(overheads_ms),
      median(batches_ms), together.overhead_ms / together.configs,
      together.batch_ms / together.configs);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: trial_cost MODEL TRIALS NAME=SHAPE...\n", stderr);
    return 2;
  }
  try {
    engine::set_threads(1);
    measure(argv[1], static_cast<std::size_t>(benchmark::number(argv[2])),
            std::span(argv + 3, static_cast<std::size_t>(argc - 3)));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "trial_cost: %s\n", error.what());
    return 1;
  }
}
