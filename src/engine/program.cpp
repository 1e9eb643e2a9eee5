#include "engine/program.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <mutex>

#include "engine/execution.hpp"
#include "engine/lowering.hpp"
#include "engine/merging.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using tensor::Tensor;

constexpr int cached_primitives = 16384;

void require_supported(const graph::Graph& graph) {
  std::string list;
  for (const std::string& name : unsupported_ops(graph)) {
    const graph::Node& node = *graph.find_node(name);
    list += (list.empty() ? "" : ", ") + name + " (" +
            (node.domain.empty() ? "" : node.domain + ".") + node.op_type + ")";
  }
  if (list.empty()) return;
  throw Error(ErrorCode::unsupported,
              "the model " + graph.name + " has operators that cannot be executed: " + list);
}

std::vector<Port> ports(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  std::vector<Port> result;
  for (const graph::ValueId id : ids) {
    const graph::Value& value = graph.value(id);
    result.push_back({value.name, value.dtype, *value.shape});
  }
  return result;
}

}  // namespace

struct Program::Implementation {
  Implementation(const graph::Graph& graph, const std::vector<Assignment>& assignments,
                 std::shared_ptr<WeightCache> cache);

  void settle_memory();
  Execution& execution(std::size_t lane);
  StepReport report(const Step& step) const;

  Compiled compiled;
  std::shared_ptr<WeightCache> weights;
  std::mutex mutex;                             // of `executions`
  std::map<std::size_t, Execution> executions;  // by lane
};

Program::Implementation::Implementation(const graph::Graph& graph,
                                        const std::vector<Assignment>& assignments,
                                        std::shared_ptr<WeightCache> cache)
    : weights(std::move(cache)) {
  compiled.inputs = ports(graph, graph.inputs);
  compiled.outputs = ports(graph, graph.outputs);
  compiled.assignments_count = assignments.size();
  compiled.threads = threads();
  onednn::set_cache_capacity(cached_primitives);
  Lowering lowering(graph, *weights);
  const std::size_t outputs_count = compiled.outputs.size();
  std::vector<ValueIndex> results(outputs_count * assignments.size());
  for (const std::size_t k : sharing_order(graph, assignments)) {
    std::ranges::copy(lowering.add(assignments[k]),
                      results.begin() + static_cast<std::ptrdiff_t>(k * outputs_count));
  }
  compiled.values = lowering.take_values();
  compiled.steps = lowering.take_steps();
  compiled.plan = plan_memory(compiled.values, compiled.steps, results);
  settle_memory();
}

void Program::Implementation::settle_memory() {
  for (std::size_t i = 0; i < compiled.values.size(); ++i) {
    if (compiled.plan.places[i].region == Place::Region::unused) {
      compiled.values[i].constant.reset();
    }
  }
  for (const Step& step : compiled.steps) {
    if (const auto* call = std::get_if<PrimitiveCall>(&step.call)) {
      compiled.scratchpad_bytes = std::max(compiled.scratchpad_bytes,
                                           static_cast<std::int64_t>(call->scratchpad.get_size()));
    }
  }
}

Execution& Program::Implementation::execution(std::size_t lane) {
  const std::lock_guard lock(mutex);
  return executions.try_emplace(lane, compiled).first->second;
}

StepReport Program::Implementation::report(const Step& step) const {
  StepReport report;
  report.op = step.op;
  report.type = step.type;
  report.implementation = step.implementation;
  report.source_dtype = step.source;
  report.weights_dtype = step.weights;
  report.destination_dtype = step.destination;
  report.flops = step.flops;
  for (const auto* list : {&step.inputs, &step.outputs}) {
    for (const ValueIndex value : *list) {
      report.bytes += compiled.values[static_cast<std::size_t>(value)].layout.bytes();
    }
  }
  return report;
}

Program::Program(const graph::Graph& graph, const Assignment& assignment,
                 std::shared_ptr<WeightCache> weights)
    : Program(merged(graph, {assignment}, std::move(weights))) {}

Program Program::merged(const graph::Graph& graph, const std::vector<Assignment>& assignments,
                        std::shared_ptr<WeightCache> weights) {
  require_supported(graph);
  return Program(std::make_unique<Implementation>(graph, assignments, std::move(weights)));
}

Program::Program(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

std::vector<Tensor> Program::run(const std::map<std::string, Tensor>& inputs, std::size_t lane) {
  Execution& execution = implementation_->execution(lane);
  return execution.run(inputs, [&](std::size_t i) { execution.execute(i); });
}

std::vector<StepReport> Program::profile(const std::map<std::string, Tensor>& inputs,
                                         std::vector<Tensor>* outputs) {
  using Clock = std::chrono::steady_clock;
  std::vector<StepReport> reports = steps();
  Execution& execution = implementation_->execution(0);
  std::vector<Tensor> made = execution.run(inputs, [&](std::size_t i) {
    const auto start = Clock::now();
    execution.execute(i);
    reports[i].milliseconds =
        std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  });
  if (outputs != nullptr) *outputs = std::move(made);
  return reports;
}

std::vector<StepReport> Program::steps() const {
  std::vector<StepReport> reports;
  for (const Step& step : implementation_->compiled.steps) {
    reports.push_back(implementation_->report(step));
  }
  return reports;
}

std::int64_t Program::arena_bytes() const {
  return implementation_->compiled.arena_bytes();
}

std::int64_t Program::held_bytes() const {
  const std::lock_guard lock(implementation_->mutex);
  return arena_bytes() * std::ssize(implementation_->executions);
}

std::int64_t Program::weights_bytes() const {
  const Compiled& compiled = implementation_->compiled;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < compiled.values.size(); ++i) {
    const StoredValue& value = compiled.values[i];
    const bool is_read = compiled.plan.places[i].region != Place::Region::unused;
    if (is_read && value.constant) bytes += value.layout.bytes();
  }
  return bytes;
}

}  // namespace ampd::engine
