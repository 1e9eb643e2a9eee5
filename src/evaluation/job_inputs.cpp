#include "evaluation/job_inputs.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "ampd/error.hpp"
#include "evaluation/made_up.hpp"

namespace ampd::evaluation {
namespace {

constexpr std::int64_t made_up_batches = 8;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

data::ModelInput input_of(const graph::Value& value) {
  if (!value.shape) {
    throw Error(ErrorCode::unsupported,
                "the model's input " + value.name + " has no shape, not even its rank");
  }
  return {value.name, value.dtype, *value.shape};
}

/// The model's inputs in the order in which the job's dataset gives them.
std::vector<data::ModelInput> model_inputs(const Model& model, const job::Job& job) {
  const graph::Graph& graph = model.imported();
  std::vector<data::ModelInput> inputs;
  std::vector<std::string> names;
  for (const graph::ValueId id : graph.inputs) {
    inputs.push_back(input_of(graph.value(id)));
    names.push_back(inputs.back().name);
  }
  if (job.inputs.empty()) return inputs;
  std::vector<data::ModelInput> ordered;
  for (const std::string& name : job.inputs) {
    const auto found = std::ranges::find(inputs, name, &data::ModelInput::name);
    if (found != inputs.end()) ordered.push_back(*found);
  }
  if (!std::ranges::is_permutation(job.inputs, names)) {
    throw Error(ErrorCode::invalid, "the job names the inputs " + listed(job.inputs) +
                                        ", and the model " + model.source().name + " has " +
                                        listed(names) + "; model.inputs must name each once");
  }
  return ordered;
}

}  // namespace

JobInputs::JobInputs(Model& model, const job::Job& job) : seed_(job.seed) {
  const auto* evaluation = std::get_if<job::MetricEvaluation>(&job.evaluation);
  if (evaluation == nullptr) {
    batch_count_ = made_up_batches;
    graph_ = model.graph(shapes_);
    return;
  }
  loader_ = std::make_unique<data::Dataloader>(evaluation->dataloader, model_inputs(model, job),
                                               job.seed);
  shapes_ = loader_->shapes();
  batch_count_ = loader_->batch_count();
  if (evaluation->batches_max > 0) {
    batch_count_ = std::min(batch_count_, evaluation->batches_max);
  }
}

JobInputs::JobInputs(BatchSource source)
    : source_(std::move(source)), batch_count_(std::numeric_limits<std::int64_t>::max()) {
  const std::optional<data::Batch> first = source_(0);
  if (!first) throw Error(ErrorCode::invalid, "the dataloader gives no batch");
  shapes_ = shapes_of(first->inputs);
}

data::Batch JobInputs::made_up_batch(std::int64_t index) const {
  data::Batch batch;
  batch.index = index;
  batch.samples = 1;
  batch.inputs = made_up_inputs(graph_->graph, seed_ + static_cast<std::uint64_t>(index));
  return batch;
}

BatchStream::BatchStream(const JobInputs& inputs, std::int64_t first)
    : inputs_(inputs), next_(first) {
  if (inputs.loader_) prefetcher_.emplace(*inputs.loader_, first, inputs.batch_count_);
}

std::optional<data::Batch> BatchStream::next() {
  if (prefetcher_) return prefetcher_->next();
  if (next_ >= inputs_.batch_count_) return std::nullopt;
  if (inputs_.source_) return inputs_.source_(next_++);
  return inputs_.made_up_batch(next_++);
}

}  // namespace ampd::evaluation
