#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/limits.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/worker.hpp"
#include "client/worker_verbs.hpp"
#include "terminal/format.hpp"

namespace ampd::client {
namespace {

struct Options {
  ModelOptions model;
  ConfigOptions config;
  int threads = 0;
  std::int64_t warmup = 5;
  std::int64_t rounds = 30;
};

double milliseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e6;
}

Json to_json(const protocol::Benched& found) {
  Json ops = Json::array();
  for (const protocol::Benched::Op& op : found.ops) {
    ops.push_back({{"name", op.name},
                   {"type", op.type},
                   {"implementation", op.implementation},
                   {"dtype", op.dtype},
                   {"ms", op.milliseconds},
                   {"flops", op.flops},
                   {"bytes", op.bytes}});
  }
  return {{"latency_ms",
           {{"median", milliseconds(found.latency.median_ns)},
            {"p10", milliseconds(found.latency.p10_ns)},
            {"p90", milliseconds(found.latency.p90_ns)}}},
          {"gflops", found.gflops},
          {"ops", ops}};
}

void print_for_people(const protocol::Benched& found) {
  terminal::Table table({{"OPERATOR"},
                         {"TYPE"},
                         {"DTYPE"},
                         {"MS", terminal::Align::right},
                         {"GFLOP/S", terminal::Align::right},
                         {"IMPLEMENTATION"}});
  std::vector<protocol::Benched::Op> ops = found.ops;
  std::ranges::stable_sort(ops, std::greater(), &protocol::Benched::Op::milliseconds);
  for (const protocol::Benched::Op& op : ops) {
    const double rate =
        op.milliseconds > 0 ? static_cast<double>(op.flops) / op.milliseconds / 1e6 : 0;
    table.add({op.name, op.type, op.dtype, terminal::decimal(op.milliseconds, 3),
               op.flops > 0 ? terminal::decimal(rate, 1) : "-", op.implementation});
  }
  print_table(table, "The model has no operators.");
  print("\nmedian " + terminal::decimal(milliseconds(found.latency.median_ns), 3) + " ms (p10 " +
        terminal::decimal(milliseconds(found.latency.p10_ns), 3) + ", p90 " +
        terminal::decimal(milliseconds(found.latency.p90_ns), 3) + "), " +
        terminal::decimal(found.gflops, 1) + " GFLOP/s\n");
}

int bench(const Globals& globals, const Options& options) {
  Worker worker(options.threads);
  protocol::Bench order{options.model.reference(), options.model.inputs(),
                        chosen_config(options.config, options.model, worker), options.warmup,
                        options.rounds};
  const Answer answer =
      worker.ask(std::move(order), "the benchmark of " + options.model.path().string());
  const auto& found = std::get<protocol::Benched>(answer.reply);
  if (globals.json) {
    print_json(to_json(found));
  } else {
    print_for_people(found);
  }
  return 0;
}

}  // namespace

Action declare_bench(CLI::App& app, const Globals& globals) {
  const auto options = std::make_shared<Options>();
  options->model.add_to(app);
  options->model.add_shapes_to(app);
  options->model.add_inputs_to(app);
  options->config.add_to(app);
  add_threads(app, options->threads);
  app.add_option("--warmup", options->warmup, "executions before those that count")
      ->check(CLI::Range(std::int64_t{0}, base::limits::repetitions));
  app.add_option("--rounds", options->rounds, "executions that count")
      ->check(CLI::Range(std::int64_t{1}, base::limits::repetitions));
  return [options, &globals] { return bench(globals, *options); };
}

}  // namespace ampd::client
