#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/limits.hpp"
#include "client/model_options.hpp"
#include "client/output.hpp"
#include "client/peaks.hpp"
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

std::string one_digit(double value) {
  return terminal::decimal(value, 1);
}

Json to_json(const protocol::Benched& found) {
  Json ops = Json::array();
  for (const protocol::Benched::Op& op : found.ops) {
    const Share share = share_of(op, found.peaks);
    ops.push_back({{"name", op.name},
                   {"type", op.type},
                   {"implementation", op.implementation},
                   {"dtype", op.dtype},
                   {"ms", op.milliseconds},
                   {"flops", op.flops},
                   {"bytes", op.bytes},
                   {"gflops", json_of(share.gflops)},
                   {"gbytes_per_second", json_of(share.gbytes)},
                   {"share_of_compute", json_of(share.compute)},
                   {"share_of_memory", json_of(share.memory)},
                   {"bound", share.bound.empty() ? Json() : Json(share.bound)}});
  }
  return {{"latency_ms",
           {{"median", milliseconds(found.latency.median_ns)},
            {"p10", milliseconds(found.latency.p10_ns)},
            {"p90", milliseconds(found.latency.p90_ns)}}},
          {"gflops", found.gflops},
          {"peaks", json_of(found.peaks)},
          {"ops", ops}};
}

void print_for_people(const protocol::Benched& found) {
  terminal::Table table({{"OPERATOR"},
                         {"TYPE"},
                         {"DTYPE"},
                         {"MS", terminal::Align::right},
                         {"GFLOP/S", terminal::Align::right},
                         {"GB/S", terminal::Align::right},
                         {"PEAK", terminal::Align::right},
                         {"BOUND"},
                         {"IMPLEMENTATION"}});
  std::vector<protocol::Benched::Op> ops = found.ops;
  std::ranges::stable_sort(ops, std::greater(), &protocol::Benched::Op::milliseconds);
  for (const protocol::Benched::Op& op : ops) {
    const Share share = share_of(op, found.peaks);
    const bool is_computing = share.bound == "compute";
    table.add({op.name, op.type, op.dtype, terminal::decimal(op.milliseconds, 3),
               terminal::optional(share.gflops, one_digit),
               terminal::optional(share.gbytes, one_digit),
               terminal::optional(is_computing ? share.compute : share.memory, terminal::percent),
               share.bound.empty() ? "-" : std::string(share.bound), op.implementation});
  }
  print_table(table, "The model has no operators.");
  print("\nmedian " + terminal::decimal(milliseconds(found.latency.median_ns), 3) + " ms (p10 " +
        terminal::decimal(milliseconds(found.latency.p10_ns), 3) + ", p90 " +
        terminal::decimal(milliseconds(found.latency.p90_ns), 3) + "), " +
        terminal::decimal(found.gflops, 1) + " GFLOP/s\n\n");
  print_peaks({found.peaks});
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
