#include "engine/program.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <span>

#include "engine/bytes.hpp"
#include "engine/lowering.hpp"
#include "engine/machine.hpp"
#include "engine/memory_plan.hpp"
#include "engine/merging.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
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

struct Port {
  std::string name;
  DType dtype = DType::f32;
  tensor::Shape shape;
};

std::vector<Port> ports(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  std::vector<Port> result;
  for (const graph::ValueId id : ids) {
    const graph::Value& value = graph.value(id);
    result.push_back({value.name, value.dtype, *value.shape});
  }
  return result;
}

/// A step with its memory: the arguments of oneDNN's call, or the pointers of a loop's.
struct Bound {
  std::vector<dnnl_exec_arg_t> arguments;
  std::vector<dnnl::memory> owned;  // the scratchpad
  std::vector<std::byte*> inputs;
  std::vector<std::byte*> outputs;
};

}  // namespace

struct Program::Implementation {
  Implementation(const graph::Graph& graph, const std::vector<Assignment>& assignments,
                 std::shared_ptr<WeightCache> cache);

  void settle_memory();
  void allocate();
  void bind_steps();
  void check(const std::map<std::string, Tensor>& given) const;
  std::byte* address(std::size_t value) const;
  dnnl::memory& memory(ValueIndex value);
  void rebind(std::span<std::byte* const> inputs_at, std::span<std::byte* const> outputs_at);
  void execute(std::size_t step);
  template <class Visit>
  std::vector<Tensor> run(const std::map<std::string, Tensor>& given, const Visit& visit);
  StepReport report(const Step& step) const;

  std::vector<Port> inputs;
  std::vector<Port> outputs;  // of each assignment
  std::size_t assignments_count = 0;
  std::shared_ptr<WeightCache> weights;
  std::deque<StoredValue> values;
  std::vector<Step> steps;
  MemoryPlan plan;
  std::shared_ptr<std::byte> arena;
  std::int64_t scratchpad_bytes = 0;
  dnnl::stream stream{onednn::cpu()};
  std::vector<Bound> bound;                           // by step
  std::vector<std::optional<dnnl::memory>> memories;  // by value, of those that oneDNN sees
  std::vector<std::byte*> addresses;                  // by value
  std::vector<std::size_t> callers_values;            // those that lie in the caller's bytes
};

Program::Implementation::Implementation(const graph::Graph& graph,
                                        const std::vector<Assignment>& assignments,
                                        std::shared_ptr<WeightCache> cache)
    : inputs(ports(graph, graph.inputs)),
      outputs(ports(graph, graph.outputs)),
      assignments_count(assignments.size()),
      weights(std::move(cache)) {
  adopt_threads();
  onednn::set_cache_capacity(cached_primitives);
  Lowering lowering(graph, *weights);
  std::vector<ValueIndex> results(outputs.size() * assignments.size());
  for (const std::size_t k : sharing_order(graph, assignments)) {
    std::ranges::copy(lowering.add(assignments[k]),
                      results.begin() + static_cast<std::ptrdiff_t>(k * outputs.size()));
  }
  values = lowering.take_values();
  steps = lowering.take_steps();
  plan = plan_memory(values, steps, results);
  settle_memory();
}

void Program::Implementation::settle_memory() {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (plan.places[i].region == Place::Region::unused) values[i].constant.reset();
  }
  for (const Step& step : steps) {
    if (const auto* call = std::get_if<PrimitiveCall>(&step.call)) {
      scratchpad_bytes =
          std::max(scratchpad_bytes, static_cast<std::int64_t>(call->scratchpad.get_size()));
    }
  }
}

void Program::Implementation::allocate() {
  arena = allocate_bytes(plan.arena_bytes + scratchpad_bytes);
  addresses.assign(values.size(), nullptr);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Place& place = plan.places[i];
    if (place.region == Place::Region::arena || place.region == Place::Region::constant) {
      addresses[i] = address(i);
    } else if (place.region != Place::Region::unused) {
      callers_values.push_back(i);
    }
  }
}

std::byte* Program::Implementation::address(std::size_t value) const {
  const Place& place = plan.places[value];
  if (place.region == Place::Region::arena) return arena.get() + place.offset_bytes;
  const StoredValue& stored = values[value];
  const StoredValue& base = stored.origin == StoredValue::Origin::view
                                ? values[static_cast<std::size_t>(stored.base)]
                                : stored;
  // Steps do not write to constants; oneDNN takes its sources as non-const.
  return const_cast<std::byte*>(base.constant.get()) + place.offset_bytes;
}

dnnl::memory& Program::Implementation::memory(ValueIndex value) {
  const auto index = static_cast<std::size_t>(value);
  if (!memories[index]) {
    memories[index].emplace(values[index].layout.descriptor(), onednn::cpu(), addresses[index]);
  }
  return *memories[index];
}

void Program::Implementation::bind_steps() {
  memories.resize(values.size());
  bound.resize(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (const auto* call = std::get_if<PrimitiveCall>(&steps[i].call)) {
      for (const auto& [argument, value] : call->arguments) {
        bound[i].arguments.push_back({argument, memory(value).get()});
      }
      bound[i].owned.emplace_back(call->scratchpad, onednn::cpu(), arena.get() + plan.arena_bytes);
      bound[i].arguments.push_back({DNNL_ARG_SCRATCHPAD, bound[i].owned.back().get()});
    } else {
      for (const ValueIndex value : steps[i].inputs) {
        bound[i].inputs.push_back(addresses[static_cast<std::size_t>(value)]);
      }
      for (const ValueIndex value : steps[i].outputs) {
        bound[i].outputs.push_back(addresses[static_cast<std::size_t>(value)]);
      }
    }
  }
}

void Program::Implementation::check(const std::map<std::string, Tensor>& given) const {
  for (const auto& [name, tensor] : given) {
    const bool is_known = std::any_of(inputs.begin(), inputs.end(),
                                      [&](const Port& port) { return port.name == name; });
    if (!is_known) throw Error(ErrorCode::invalid, "the model has no input " + name);
  }
  for (const Port& port : inputs) {
    const auto found = given.find(port.name);
    if (found == given.end()) {
      throw Error(ErrorCode::invalid, "the input " + port.name + " is not given");
    }
    const Tensor& tensor = found->second;
    if (tensor.dtype() != port.dtype || tensor.shape() != port.shape) {
      throw Error(ErrorCode::invalid, "the input " + port.name + " is " +
                                          std::string(to_string(tensor.dtype())) + " of shape " +
                                          tensor::to_string(tensor.shape()) + ", expected is " +
                                          std::string(to_string(port.dtype)) + " of shape " +
                                          tensor::to_string(port.shape));
    }
  }
}

void Program::Implementation::rebind(std::span<std::byte* const> inputs_at,
                                     std::span<std::byte* const> outputs_at) {
  for (const std::size_t i : callers_values) {
    const Place& place = plan.places[i];
    const auto& starts = place.region == Place::Region::input ? inputs_at : outputs_at;
    addresses[i] = starts[place.number] + place.offset_bytes;
    if (memories[i]) memories[i]->set_data_handle(addresses[i]);
  }
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (std::size_t k = 0; k < bound[s].inputs.size(); ++k) {
      bound[s].inputs[k] = addresses[static_cast<std::size_t>(steps[s].inputs[k])];
    }
    for (std::size_t k = 0; k < bound[s].outputs.size(); ++k) {
      bound[s].outputs[k] = addresses[static_cast<std::size_t>(steps[s].outputs[k])];
    }
  }
}

void Program::Implementation::execute(std::size_t index) {
  const Step& step = steps[index];
  const Bound& at = bound[index];
  if (const auto* call = std::get_if<PrimitiveCall>(&step.call)) {
    const dnnl_status_t status =
        dnnl_primitive_execute(call->primitive.get(), stream.get(),
                               static_cast<int>(at.arguments.size()), at.arguments.data());
    if (status != dnnl_success) {
      throw Error(status == dnnl_out_of_memory ? ErrorCode::exhausted : ErrorCode::unsupported,
                  "the node " + step.op + " (" + step.type + ") failed in oneDNN's " +
                      step.implementation + " with status " + std::to_string(status));
    }
  } else {
    std::get<LoopCall>(step.call).run(at.inputs, at.outputs);
  }
}

template <class Visit>
std::vector<Tensor> Program::Implementation::run(const std::map<std::string, Tensor>& given,
                                                 const Visit& visit) {
  check(given);
  adopt_threads();
  if (!arena) {
    allocate();
    bind_steps();
  }
  std::vector<std::byte*> inputs_at;
  for (const Port& port : inputs) {
    inputs_at.push_back(const_cast<std::byte*>(given.at(port.name).bytes().data()));
  }
  std::vector<Tensor> results;
  std::vector<std::byte*> outputs_at;
  for (std::size_t k = 0; k < assignments_count * outputs.size(); ++k) {
    const Port& port = outputs[k % outputs.size()];
    results.emplace_back(port.dtype, port.shape);
    outputs_at.push_back(results.back().mutable_bytes().data());
  }
  rebind(inputs_at, outputs_at);
  for (std::size_t i = 0; i < steps.size(); ++i) visit(i);
  return results;
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
      report.bytes += values[static_cast<std::size_t>(value)].layout.bytes();
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

std::vector<Tensor> Program::run(const std::map<std::string, Tensor>& inputs) {
  return implementation_->run(inputs, [&](std::size_t i) { implementation_->execute(i); });
}

std::vector<StepReport> Program::profile(const std::map<std::string, Tensor>& inputs,
                                         std::vector<Tensor>* outputs) {
  using Clock = std::chrono::steady_clock;
  std::vector<StepReport> reports = steps();
  std::vector<Tensor> made = implementation_->run(inputs, [&](std::size_t i) {
    const auto start = Clock::now();
    implementation_->execute(i);
    reports[i].milliseconds =
        std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  });
  if (outputs != nullptr) *outputs = std::move(made);
  return reports;
}

std::vector<StepReport> Program::steps() const {
  std::vector<StepReport> reports;
  for (const Step& step : implementation_->steps) reports.push_back(implementation_->report(step));
  return reports;
}

std::int64_t Program::arena_bytes() const {
  return implementation_->plan.arena_bytes + implementation_->scratchpad_bytes;
}

std::int64_t Program::weights_bytes() const {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < implementation_->values.size(); ++i) {
    const StoredValue& value = implementation_->values[i];
    const bool is_read = implementation_->plan.places[i].region != Place::Region::unused;
    if (is_read && value.constant) bytes += value.layout.bytes();
  }
  return bytes;
}

}  // namespace ampd::engine
