#include "library/execution.hpp"

#include <array>
#include <utility>

#include "ampd/error.hpp"
#include "base/physical_cores.hpp"
#include "evaluation/content_digest.hpp"
#include "evaluation/export.hpp"
#include "evaluation/given_inputs.hpp"
#include "evaluation/inspection.hpp"
#include "evaluation/latency.hpp"
#include "job/catalogue.hpp"
#include "library/tensors.hpp"
#include "tuning/aborted_outcome.hpp"

namespace ampd::library {
namespace {

const graph::Value& input_named(const evaluation::Model& model, const std::string& name) {
  const graph::Graph& graph = model.imported();
  for (const graph::ValueId id : graph.inputs) {
    if (graph.value(id).name == name) return graph.value(id);
  }
  throw Error(ErrorCode::invalid, "the model " + model.source().name + " has no input " + name);
}

evaluation::Tensors to_engine(const evaluation::Model& model, const Tensors& inputs) {
  evaluation::Tensors tensors;
  for (const auto& [name, value] : inputs) {
    tensors.emplace(name, library::to_engine(value, input_named(model, name)));
  }
  evaluation::require_all(model, tensors);
  return tensors;
}

/// The extent of the first axis, which all inputs of a batch share.
std::int64_t rows(const Batch& batch) {
  const std::vector<std::int64_t>& shape = batch.inputs.begin()->second.shape;
  if (shape.empty()) throw Error(ErrorCode::invalid, "an input without axes has no samples");
  return shape.front();
}

data::Batch to_engine(const evaluation::Model& model, const Batch& given, bool needs_labels) {
  data::Batch batch;
  batch.inputs = to_engine(model, given.inputs);
  batch.samples = rows(given);
  if (given.labels) batch.labels = library::to_engine(*given.labels, "the labels");
  if (needs_labels && !given.labels) {
    throw Error(ErrorCode::invalid, "there are no labels, which the metric needs");
  }
  return batch;
}

evaluation::BatchSource source_of(std::shared_ptr<evaluation::Model> model, Dataloader dataloader,
                                  bool needs_labels) {
  return [=](std::int64_t index) -> std::optional<data::Batch> {
    const std::optional<Batch> given = dataloader(index);
    if (!given) return std::nullopt;
    try {
      data::Batch batch = to_engine(*model, *given, needs_labels);
      batch.index = index;
      return batch;
    } catch (const Error& error) {
      throw Error(error.code(),
                  "the dataloader's batch " + std::to_string(index) + ": " + error.what());
    }
  };
}

evaluation::ModelSource source_at(const std::filesystem::path& model) {
  return {model, std::filesystem::absolute(model).parent_path(), model.string()};
}

}  // namespace

Execution::Execution(const std::filesystem::path& model, job::Job job, Dataloader dataloader)
    : job_(std::move(job)) {
  job_.lanes = 1;
  engine::set_threads(job_.threads > 0 ? job_.threads : base::physical_cores());
  model_ = std::make_shared<evaluation::Model>(source_at(model));
  model_digest_ = evaluation::content_digest(model);
  job_.model_path = model;
  make_evaluator(std::move(dataloader));
  space_ = evaluation::tuning_space(*model_->graph(inputs().shapes()), job_.target());
  job::apply_constraints(job_, space_);
}

void Execution::make_evaluator(Dataloader dataloader) {
  const auto* evaluation = std::get_if<job::MetricEvaluation>(&job_.evaluation);
  const bool has_metric = evaluation != nullptr && !evaluation->metric.name.empty();
  if (dataloader && has_metric) {
    const bool needs_labels = job::traits(evaluation->metric).needs_labels;
    evaluator_ = std::make_unique<evaluation::Evaluator>(
        model_, job_,
        evaluation::JobInputs(source_of(model_, std::move(dataloader), needs_labels)));
  } else if (has_metric && !evaluation->dataloader.dataset.name.empty()) {
    evaluator_ = std::make_unique<evaluation::Evaluator>(model_, job_);
  } else {
    job_.evaluation = job::CommandEvaluation{};
    made_up_ = std::make_unique<evaluation::JobInputs>(*model_, job_);
  }
}

std::optional<Outcome> Execution::judge(const TuneConfig& config,
                                        const std::optional<double>& accuracy_needed,
                                        const std::function<bool()>& is_stopping) {
  evaluation::Observer observer;
  observer.is_stopping = is_stopping;
  const auto evaluated = evaluator_->evaluate(precisions(config), {}, observer, accuracy_needed);
  if (!evaluated) return std::nullopt;
  Outcome outcome{.state = TrialState::done, .accuracy = evaluated->accuracy};
  if (evaluated->aborted_after) {
    outcome = tuning::aborted_outcome(evaluated->accuracy, *evaluated->aborted_after,
                                      accuracy_needed.value());
  }
  outcome.model_bytes = evaluated->model_bytes;
  outcome.footprint_bytes = evaluated->footprint_bytes;
  return outcome;
}

std::vector<Tensor> Execution::run(const TuneConfig& config, const Tensors& inputs) {
  const evaluation::Tensors tensors = to_engine(*model_, inputs);
  const auto program = model_->program(evaluation::shapes_of(tensors), precisions(config));
  std::vector<Tensor> outputs;
  for (const tensor::Tensor& output : program->run(tensors)) {
    outputs.push_back(from_engine(output));
  }
  return outputs;
}

void Execution::add_sizes(const TuneConfig& config, Outcome& outcome) {
  const evaluation::Precisions chosen = precisions(config);
  const auto program = model_->program(inputs().shapes(), chosen);
  if (!program->is_explored()) {
    program->run(evaluation::BatchStream(inputs()).next().value().inputs);
  }
  outcome.model_bytes = evaluation::model_bytes(space_, chosen);
  outcome.footprint_bytes = program->footprint_bytes();
}

void Execution::add_times(const TuneConfig& config, Outcome& outcome) {
  const data::Batch batch = evaluation::BatchStream(inputs()).next().value();
  const evaluation::Shapes shapes = evaluation::shapes_of(batch.inputs);
  const auto program = model_->program(shapes, precisions(config));
  const auto baseline = model_->program(shapes, {});
  const evaluation::PairedLatency found =
      evaluation::compare(*program, *baseline, batch.inputs, job_.performance.warmup,
                          job_.performance.rounds, {})
          .value();
  outcome.latency_ns = found.config.median_ns;
  outcome.speedup = found.speedup;
}

std::vector<std::byte> Execution::exported(const TuneConfig& config) {
  return evaluation::export_model(*model_, precisions(config), inputs()).value().bytes;
}

const evaluation::JobInputs& Execution::inputs() const {
  return evaluator_ ? evaluator_->inputs() : *made_up_;
}

evaluation::Precisions Execution::precisions(const TuneConfig& config) const {
  evaluation::Precisions precisions;
  for (std::size_t i = 0; i < space_.ops.size(); ++i) {
    precisions.emplace(space_.ops[i].name, config.precisions.at(i));
  }
  return precisions;
}

}  // namespace ampd::library
