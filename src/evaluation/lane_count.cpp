#include "evaluation/lane_count.hpp"

#include <algorithm>

#include "engine/program.hpp"

namespace ampd::evaluation {
namespace {

// Up to as many, measured, an operator gains more from a lane than from a second thread.
constexpr std::int64_t flops_worth_thread = 8'000'000;

// So that the last round, which may not fill all lanes, counts for little.
constexpr std::int64_t rounds_min = 4;

/// So many that an operator of average size has work for each.
std::int64_t threads_worth(const graph::Graph& graph) {
  std::int64_t flops = 0;
  std::int64_t operators = 0;
  for (const graph::Node& node : graph.nodes) {
    const std::int64_t cost = engine::cost(graph, node).flops;
    flops += cost;
    operators += cost > 0 ? 1 : 0;
  }
  return flops / std::max<std::int64_t>(operators, 1) / flops_worth_thread + 1;
}

}  // namespace

LaneCount lane_count(const job::Job& job, const SpecialGraph& special, const JobInputs& inputs) {
  const std::int64_t threads = engine::threads();
  const bool is_command = std::holds_alternative<job::CommandEvaluation>(job.evaluation);
  std::int64_t lanes = job.lanes;
  if (is_command || special.first_stage || !inputs.has_equal_shapes()) {
    lanes = 1;
  } else if (lanes == 0) {
    lanes = threads / std::min(threads, threads_worth(special.graph));
    if (inputs.batch_count() < rounds_min * lanes) lanes = 1;
  }
  lanes = std::clamp<std::int64_t>(lanes, 1, threads);
  return {static_cast<std::size_t>(lanes), static_cast<int>(threads / lanes)};
}

std::string fingerprint(Model& model, const job::Job& job, const JobInputs& inputs) {
  const std::shared_ptr<const SpecialGraph> special = model.graph(inputs.shapes());
  const engine::ThreadScope scope(lane_count(job, *special, inputs).threads);
  return engine::fingerprint();
}

}  // namespace ampd::evaluation
