#include "evaluation/job_inputs.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "base/memory_size.hpp"
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
  samples_ = std::min(loader_->samples(), batch_count_ * loader_->batch_size());
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

bool JobInputs::can_keep(const data::Batch& batch) const {
  return loader_ != nullptr && !has_forgotten_ && batch.index == kept_batches();
}

void JobInputs::keep(data::Batch batch) {
  AMPD_CHECK(can_keep(batch));
  kept_bytes_ += size_bytes(batch);
  kept_.push_back(std::move(batch));
}

double JobInputs::preparation_seconds() const {
  if (loader_ == nullptr) return 0;
  const auto started = std::chrono::steady_clock::now();
  loader_->batch(0);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

void JobInputs::forget(std::int64_t bytes) {
  if (bytes > kept_bytes_) return;
  const std::int64_t left_bytes = kept_bytes_ - bytes;
  while (kept_bytes_ > left_bytes) {
    kept_bytes_ -= size_bytes(kept_.back());
    kept_.pop_back();
  }
  has_forgotten_ = true;
  base::return_freed_pages();
}

std::int64_t size_bytes(const data::Batch& batch) {
  std::size_t bytes = batch.labels ? batch.labels->bytes().size() : 0;
  for (const auto& [name, value] : batch.inputs) bytes += value.bytes().size();
  return static_cast<std::int64_t>(bytes);
}

BatchStream::BatchStream(const JobInputs& inputs, std::int64_t first)
    : inputs_(inputs), next_(first), ready_end_(inputs.kept_batches()) {
  const std::int64_t unprepared = std::max(first, ready_end_);
  if (inputs.loader_ && unprepared < inputs.batch_count_) {
    prefetcher_.emplace(*inputs.loader_, unprepared, inputs.batch_count_);
  }
}

std::optional<data::Batch> BatchStream::next() {
  if (next_ >= inputs_.batch_count_) return std::nullopt;
  if (next_ < ready_end_) return inputs_.kept_[static_cast<std::size_t>(next_++)];
  if (prefetcher_) return prefetcher_->next();
  if (inputs_.source_) return inputs_.source_(next_++);
  return inputs_.made_up_batch(next_++);
}

}  // namespace ampd::evaluation
