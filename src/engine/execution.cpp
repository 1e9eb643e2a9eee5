#include "engine/execution.hpp"

#include <algorithm>

#include "ampd/error.hpp"
#include "engine/bytes.hpp"
#include "engine/onednn.hpp"

namespace ampd::engine {

using tensor::Tensor;

Execution::Execution(const Compiled& program)
    : program_(program),
      arena_(allocate_bytes(program.arena_bytes())),
      stream_(onednn::cpu()),
      addresses_(program.values.size(), nullptr) {
  for (std::size_t i = 0; i < program_.values.size(); ++i) {
    const Place& place = program_.plan.places[i];
    if (place.region == Place::Region::arena || place.region == Place::Region::constant) {
      addresses_[i] = address(i);
    } else if (place.region != Place::Region::unused) {
      callers_values_.push_back(i);
    }
  }
  bind_steps();
}

std::byte* Execution::address(std::size_t value) const {
  const Place& place = program_.plan.places[value];
  if (place.region == Place::Region::arena) return arena_.get() + place.offset_bytes;
  const StoredValue& stored = program_.values[value];
  const StoredValue& base = stored.origin == StoredValue::Origin::view
                                ? program_.values[static_cast<std::size_t>(stored.base)]
                                : stored;
  // Steps do not write to constants; oneDNN takes its sources as non-const.
  return const_cast<std::byte*>(base.constant.get()) + place.offset_bytes;
}

dnnl::memory& Execution::memory(ValueIndex value) {
  const auto index = static_cast<std::size_t>(value);
  if (!memories_[index]) {
    memories_[index].emplace(program_.values[index].layout.descriptor(), onednn::cpu(),
                             addresses_[index]);
  }
  return *memories_[index];
}

void Execution::bind_steps() {
  memories_.resize(program_.values.size());
  bound_.resize(program_.steps.size());
  for (std::size_t i = 0; i < program_.steps.size(); ++i) {
    if (const auto* call = std::get_if<PrimitiveCall>(&program_.steps[i].call)) {
      for (const auto& [argument, value] : call->arguments) {
        bound_[i].arguments.push_back({argument, memory(value).get()});
      }
      bound_[i].owned.emplace_back(call->scratchpad, onednn::cpu(),
                                   arena_.get() + program_.plan.arena_bytes);
      bound_[i].arguments.push_back({DNNL_ARG_SCRATCHPAD, bound_[i].owned.back().get()});
    } else {
      for (const ValueIndex value : program_.steps[i].inputs) {
        bound_[i].inputs.push_back(addresses_[static_cast<std::size_t>(value)]);
      }
      for (const ValueIndex value : program_.steps[i].outputs) {
        bound_[i].outputs.push_back(addresses_[static_cast<std::size_t>(value)]);
      }
    }
  }
}

void Execution::check(const std::map<std::string, Tensor>& given) const {
  for (const auto& [name, tensor] : given) {
    const bool is_known = std::any_of(program_.inputs.begin(), program_.inputs.end(),
                                      [&](const Port& port) { return port.name == name; });
    if (!is_known) throw Error(ErrorCode::invalid, "the model has no input " + name);
  }
  for (const Port& port : program_.inputs) {
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

void Execution::rebind(std::span<std::byte* const> inputs_at,
                       std::span<std::byte* const> outputs_at) {
  for (const std::size_t i : callers_values_) {
    const Place& place = program_.plan.places[i];
    const auto& starts = place.region == Place::Region::input ? inputs_at : outputs_at;
    addresses_[i] = starts[place.number] + place.offset_bytes;
    if (memories_[i]) memories_[i]->set_data_handle(addresses_[i]);
  }
  for (std::size_t s = 0; s < program_.steps.size(); ++s) {
    for (std::size_t k = 0; k < bound_[s].inputs.size(); ++k) {
      bound_[s].inputs[k] = addresses_[static_cast<std::size_t>(program_.steps[s].inputs[k])];
    }
    for (std::size_t k = 0; k < bound_[s].outputs.size(); ++k) {
      bound_[s].outputs[k] = addresses_[static_cast<std::size_t>(program_.steps[s].outputs[k])];
    }
  }
}

void Execution::execute(std::size_t index) {
  const Step& step = program_.steps[index];
  const Bound& at = bound_[index];
  if (const auto* call = std::get_if<PrimitiveCall>(&step.call)) {
    const dnnl_status_t status =
        dnnl_primitive_execute(call->primitive.get(), stream_.get(),
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

std::vector<Tensor> Execution::bind(const std::map<std::string, Tensor>& given) {
  check(given);
  std::vector<std::byte*> inputs_at;
  for (const Port& port : program_.inputs) {
    inputs_at.push_back(const_cast<std::byte*>(given.at(port.name).bytes().data()));
  }
  std::vector<Tensor> results;
  std::vector<std::byte*> outputs_at;
  for (std::size_t k = 0; k < program_.assignments_count * program_.outputs.size(); ++k) {
    const Port& port = program_.outputs[k % program_.outputs.size()];
    results.emplace_back(port.dtype, port.shape);
    outputs_at.push_back(results.back().mutable_bytes().data());
  }
  rebind(inputs_at, outputs_at);
  return results;
}

}  // namespace ampd::engine
