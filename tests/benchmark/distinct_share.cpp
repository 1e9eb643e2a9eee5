// What share of the work of a search is left when the configs of each stage do equal work once.
//
//   distinct_share MODEL CONFIGS THREADS ROUNDS NAME=SHAPE...
//
// CONFIGS is a JSON list of stages, each a list of {"op": "precision"}. The steps of each config's
// own program and of one program per stage are timed, in alternation; the ideal is the sum of the
// median times in the programs of the stages over that in the programs of the configs.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "arguments.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "engine/program.hpp"
#include "evaluation/made_up.hpp"
#include "evaluation/model.hpp"

namespace {

using namespace ampd;
using benchmark::number;

/// A program with the times of its steps, by step and round.
struct Timed {
  engine::Program program;
  std::vector<std::vector<double>> milliseconds{};

  void run(const evaluation::Tensors& inputs) {
    const std::vector<engine::StepReport> steps = program.profile(inputs);
    milliseconds.resize(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      milliseconds[i].push_back(steps[i].milliseconds);
    }
  }

  /// The sum of the steps' median times.
  double total() {
    double sum = 0;
    for (std::vector<double>& each : milliseconds) {
      std::ranges::nth_element(each, each.begin() + std::ssize(each) / 2);
      sum += each[each.size() / 2];
    }
    return sum;
  }
};

using Stage = std::vector<engine::Assignment>;

std::vector<Stage> read_stages(const char* path) {
  std::vector<Stage> stages;
  for (const auto& configs : nlohmann::json::parse(base::read_text(path, 64 << 20))) {
    Stage& stage = stages.emplace_back();
    for (const auto& config : configs) {
      engine::Assignment& assignment = stage.emplace_back();
      for (const auto& [op, word] : config.items()) {
        const Precision precision = parse_precision(word.get<std::string>()).value();
        if (precision != Precision::fp32) assignment.emplace(op, precision);
      }
    }
  }
  return stages;
}

double total(std::vector<Timed>& programs) {
  double sum = 0;
  for (Timed& each : programs) sum += each.total();
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: distinct_share MODEL CONFIGS THREADS ROUNDS NAME=SHAPE...\n", stderr);
    return 2;
  }
  try {
    engine::set_threads(number(argv[3]));
    const int rounds = number(argv[4]);
    const std::filesystem::path path = std::filesystem::absolute(argv[1]);
    evaluation::Model model({path, path.parent_path(), path.string()});
    const auto special =
        model.graph(benchmark::shapes_of(std::span(argv + 5, static_cast<std::size_t>(argc - 5))));
    const evaluation::Tensors inputs = evaluation::made_up_inputs(special->graph, 0);
    std::vector<Timed> alone;
    std::vector<Timed> merged;
    for (const Stage& stage : read_stages(argv[2])) {
      merged.push_back({engine::Program::merged(special->graph, stage, model.weights())});
      for (const engine::Assignment& config : stage) {
        alone.push_back({engine::Program(special->graph, config, model.weights())});
      }
    }
    for (int round = 0; round < rounds; ++round) {
      for (Timed& each : merged) each.run(inputs);
      for (Timed& each : alone) each.run(inputs);
    }
    const double all = total(alone);
    const double distinct = total(merged);
    std::printf("{\"configs\": %zu, \"all_ms\": %.3f, \"distinct_ms\": %.3f, \"ideal\": %.4f}\n",
                alone.size(), all, distinct, distinct / all);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "distinct_share: %s\n", error.what());
    return 1;
  }
}
