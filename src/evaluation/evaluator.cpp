#include "evaluation/evaluator.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "ampd/error.hpp"
#include "base/digest.hpp"
#include "base/limits.hpp"
#include "data/transform.hpp"
#include "evaluation/inspection.hpp"
#include "job/catalogue.hpp"

namespace ampd::evaluation {
namespace {

using Clock = std::chrono::steady_clock;

const job::MetricEvaluation& metric_of(const job::Job& job) {
  const auto* evaluation = std::get_if<job::MetricEvaluation>(&job.evaluation);
  if (evaluation == nullptr) {
    throw Error(ErrorCode::invalid,
                "the job " + job.name + " has no metric: its accuracy comes from a command");
  }
  return *evaluation;
}

std::vector<std::pair<std::string, std::size_t>> chosen_outputs(const Model& model,
                                                                const job::Job& job) {
  const std::vector<std::string> names = output_names(model.imported());
  std::vector<std::pair<std::string, std::size_t>> chosen;
  for (const std::string& name : job.outputs.empty() ? names : job.outputs) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      throw Error(ErrorCode::invalid, "the job's model.outputs names " + name + ", and the model " +
                                          model.source().name + " has no such output");
    }
    chosen.emplace_back(name, static_cast<std::size_t>(found - names.begin()));
  }
  return chosen;
}

std::string identity(const Precisions& precisions) {
  std::string text;
  for (const auto& [name, precision] : without_fp32(precisions)) {
    text += name + '\0' + std::string(to_string(precision)) + '\0';
  }
  return base::sha256(text);
}

std::int64_t size_bytes(const data::Outputs& outputs) {
  std::int64_t bytes = 0;
  for (const auto& [name, value] : outputs) {
    bytes += static_cast<std::int64_t>(value.bytes().size());
  }
  return bytes;
}

}  // namespace

/// How far an evaluation has come.
struct Evaluator::Cursor {
  data::Metric metric;
  std::string config;
  std::int64_t batches_done = 0;
  std::int64_t samples_done = 0;
  std::int64_t footprint_bytes = 0;  // the largest so far

  nlohmann::json checkpoint() const {
    return {{"config", config},
            {"fingerprint", engine::fingerprint()},
            {"batches_done", batches_done},
            {"samples_done", samples_done},
            {"footprint_bytes", footprint_bytes},
            {"metric", metric.state()}};
  }

  /// Throws Error(corrupt) for what `checkpoint` never gives.
  void restore(const nlohmann::json& state, std::int64_t batches) {
    try {
      if (state.at("config") != config) {
        throw Error(ErrorCode::corrupt, "the checkpoint belongs to another config");
      }
      if (state.at("fingerprint") != engine::fingerprint()) return;
      const auto batches_stored = state.at("batches_done").get<std::int64_t>();
      const auto samples_stored = state.at("samples_done").get<std::int64_t>();
      if (batches_stored < 0 || batches_stored > batches || samples_stored < 0) {
        throw Error(ErrorCode::corrupt, "the checkpoint is behind the end of the data");
      }
      metric.restore(state.at("metric"));
      batches_done = batches_stored;
      samples_done = samples_stored;
      footprint_bytes = state.value("footprint_bytes", std::int64_t{0});
    } catch (const nlohmann::json::exception& error) {
      throw Error(ErrorCode::corrupt, std::string("the checkpoint is damaged: ") + error.what());
    }
  }
};

Evaluator::Evaluator(std::shared_ptr<Model> model, job::Job job)
    : Evaluator(model, job, JobInputs(*model, job)) {}

Evaluator::Evaluator(std::shared_ptr<Model> model, job::Job job, JobInputs inputs)
    : model_(std::move(model)),
      job_(std::move(job)),
      evaluation_(metric_of(job_)),
      inputs_(std::move(inputs)),
      graph_(model_->graph(inputs_.shapes())),
      space_(tuning_space(*graph_, job_.target())),
      outputs_(chosen_outputs(*model_, job_)) {}

Evaluator::Cursor Evaluator::begin(const Precisions& precisions,
                                   const std::optional<nlohmann::json>& checkpoint) const {
  Cursor cursor{data::Metric(evaluation_.metric), identity(precisions)};
  if (checkpoint) cursor.restore(*checkpoint, inputs_.batch_count());
  return cursor;
}

std::optional<Evaluated> Evaluator::evaluate(const Precisions& precisions,
                                             const std::optional<nlohmann::json>& checkpoint,
                                             const Observer& observer) {
  const Clock::time_point started = Clock::now();
  check_precisions(*graph_, precisions, model_->source().name);
  Cursor cursor = begin(precisions, checkpoint);
  const auto program = model_->program(inputs_.shapes(), precisions);

  BatchStream batches(inputs_, cursor.batches_done);
  Clock::time_point checkpointed = Clock::now();
  while (cursor.batches_done < inputs_.batch_count()) {
    const bool stops = observer.wants_stop();
    const bool is_due = Clock::now() - checkpointed >= observer.checkpoint_interval;
    if (observer.checkpoint && (stops || is_due)) {
      observer.checkpoint(cursor.checkpoint());
      checkpointed = Clock::now();
    }
    if (stops) return std::nullopt;
    const std::optional<data::Batch> batch = batches.next();
    if (!batch) break;
    add_batch(cursor, *batch, precisions);
    observer.tell(
        {cursor.batches_done, inputs_.batch_count(), cursor.samples_done, cursor.metric.value()});
  }
  const std::chrono::duration<double> seconds = Clock::now() - started;
  return Evaluated{cursor.metric.value(), cursor.samples_done, seconds.count(),
                   model_bytes(space_, precisions),
                   std::max(cursor.footprint_bytes, program->footprint_bytes())};
}

void Evaluator::add_batch(Cursor& cursor, const data::Batch& batch, const Precisions& precisions) {
  const job::MetricTraits traits = job::traits(evaluation_.metric);
  const auto program = model_->program(shapes_of(batch.inputs), precisions);
  const data::Outputs outputs = run(*program, batch);
  cursor.footprint_bytes = std::max(cursor.footprint_bytes, program->footprint_bytes());
  std::optional<tensor::Tensor> labels = batch.labels;
  if (labels) labels = data::postprocess(evaluation_.postprocess, *std::move(labels));
  std::optional<data::Outputs> compared;
  if (traits.needs_reference) {
    const bool is_baseline = without_fp32(precisions).empty();
    if (is_baseline) remember(batch.index, outputs);
    compared = is_baseline ? outputs : reference(batch);
  }
  cursor.metric.add(outputs, labels ? &*labels : nullptr, compared ? &*compared : nullptr,
                    batch.samples);
  ++cursor.batches_done;
  cursor.samples_done += batch.samples;
}

data::Outputs Evaluator::run(Executable& program, const data::Batch& batch) const {
  const std::vector<tensor::Tensor> all = program.run(batch.inputs);
  data::Outputs outputs;
  for (const auto& [name, place] : outputs_) outputs.emplace_back(name, all.at(place));
  return outputs;
}

data::Outputs Evaluator::reference(const data::Batch& batch) {
  const auto found = references_.find(batch.index);
  if (found != references_.end()) return found->second;
  data::Outputs outputs = run(*model_->program(shapes_of(batch.inputs), {}), batch);
  remember(batch.index, outputs);
  return outputs;
}

void Evaluator::remember(std::int64_t batch, const data::Outputs& outputs) {
  const std::int64_t bytes = size_bytes(outputs);
  if (references_bytes_ + bytes > base::limits::reference_bytes) return;
  if (references_.emplace(batch, outputs).second) references_bytes_ += bytes;
}

}  // namespace ampd::evaluation
