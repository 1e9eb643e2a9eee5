#include "evaluation/merged_programs.hpp"

#include <utility>

#include "base/memory_size.hpp"
#include "engine/merging.hpp"

namespace ampd::evaluation {
namespace {

std::int64_t output_bytes(const graph::Graph& graph) {
  std::int64_t bytes = 0;
  for (const graph::ValueId id : graph.outputs) {
    const graph::Value& value = graph.value(id);
    bytes += tensor::element_count(*value.shape) * tensor::size_bytes(value.dtype);
  }
  return bytes;
}

}  // namespace

MergedPrograms::MergedPrograms(Model& model, std::vector<Precisions> configs)
    : model_(model), configs_(std::move(configs)) {
  for (Precisions& precisions : configs_) precisions = without_fp32(std::move(precisions));
}

std::unique_ptr<MergedPrograms> MergedPrograms::within(Model& model, JobInputs& inputs,
                                                       std::vector<Precisions> configs,
                                                       const Budget& budget, std::size_t lanes) {
  auto made = std::make_unique<MergedPrograms>(model, std::move(configs));
  const std::shared_ptr<const SpecialGraph> special = model.graph(inputs.shapes());
  made->configs_.resize(special->first_stage
                            ? 1
                            : engine::affordable_count(special->graph, made->configs_,
                                                       model.weights(), budget.cost_max));
  const auto is_short = [&] {
    if (budget.memory_bytes_max <= 0) return false;
    const auto missing = [&] { return made->bytes_missing(budget.memory_bytes_max, lanes); };
    if (missing() > 0) model.forget_programs();
    if (missing() > 0) inputs.forget(missing());
    return missing() > 0;
  };
  if (made->count() > 1 && is_short()) made->configs_.resize(1);
  while (made->count() > 1) {
    made->prepare(inputs.shapes());
    if (!is_short()) break;
    made->program_.reset();
    made->configs_.resize(made->count() / 2);
  }
  return made;
}

std::int64_t MergedPrograms::bytes_missing(std::int64_t memory_bytes_max, std::size_t lanes) const {
  // Outputs count twice: those of one batch may not be given back before the next batch has its
  // own.
  const std::int64_t lane_bytes =
      program_ ? program_->arena_bytes() + 2 * output_bytes_ : std::int64_t{0};
  const std::int64_t needed_bytes = lane_bytes * static_cast<std::int64_t>(lanes);
  return base::resident_bytes() + needed_bytes + needed_bytes / 8 - memory_bytes_max;
}

void MergedPrograms::prepare(const Shapes& shapes) {
  if (program_ && shapes_ == shapes) return;
  program_.reset();
  const std::shared_ptr<const SpecialGraph> special = model_.graph(shapes);
  program_ = engine::Program::merged(special->graph, configs_, model_.weights());
  shapes_ = shapes;
  output_bytes_ = output_bytes(special->graph) * std::ssize(configs_);
  footprints_bytes_.clear();
}

std::int64_t MergedPrograms::footprint_bytes(std::size_t config) {
  if (footprints_bytes_.empty()) {
    const std::shared_ptr<const SpecialGraph> special = model_.graph(shapes_);
    for (const Precisions& precisions : configs_) {
      const engine::Program alone(special->graph, precisions, model_.weights());
      footprints_bytes_.push_back(alone.arena_bytes() + alone.weights_bytes());
    }
  }
  return footprints_bytes_.at(config);
}

}  // namespace ampd::evaluation
