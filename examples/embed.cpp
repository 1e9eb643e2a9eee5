// Tunes a model from inside a program and saves what it found out, to go on after an interruption.
//
//   c++ -std=c++20 embed.cpp $(pkg-config --cflags --libs ampd) -o embed
//   ./embed digits/digits.onnx digits/strict.yaml dicts.json mixed.onnx
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include <ampd/strategy.hpp>

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::fputs("usage: embed MODEL.onnx CONF.yaml DICTS.json OUTPUT.onnx\n", stderr);
    return 2;
  }
  ampd::Dicts dicts;
  if (std::ifstream file{argv[3]}) {
    dicts = ampd::dicts_from_json({std::istreambuf_iterator<char>(file), {}}, argv[3]);
  }
  ampd::AutoMixedPrecisionTuneStrategy strategy(argv[1], ampd::read_conf(argv[2]), {}, {}, {}, {},
                                                dicts);
  strategy.after_each_trial([&] {
    const ampd::tuning::Trial& trial = strategy.trials().back();
    std::printf("trial %2d  %-11s  accuracy %.6g  in fp32: %zu\n",
                static_cast<int>(trial.proposal.seq), to_string(trial.proposal.stage).data(),
                trial.outcome.accuracy, trial.proposal.config.fp32_ops());
    std::ofstream(argv[3]) << to_json(strategy.dicts());
  });
  const bool goal_met = strategy.traverse();
  for (const ampd::tuning::RankedOp& ranked : strategy.ranking()) {
    std::printf("%-30s impact %+.6g\n", strategy.space().ops[ranked.op].name.c_str(),
                ranked.impact.value_or(0));
  }
  strategy.export_best(argv[4]);
  std::printf("goal %s; %s written\n", goal_met ? "met" : "missed", argv[4]);
  return goal_met ? 0 : 10;
} catch (const std::exception& error) {
  std::fprintf(stderr, "embed: %s\n", error.what());
  return 1;
}
