#include "evaluation/evaluator.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "base/memory_size.hpp"
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

std::int64_t size_bytes(const data::Outputs& outputs) {
  std::int64_t bytes = 0;
  for (const auto& [name, value] : outputs) {
    bytes += static_cast<std::int64_t>(value.bytes().size());
  }
  return bytes;
}

std::int64_t size_bytes(const std::vector<tensor::Tensor>& tensors) {
  std::int64_t bytes = 0;
  for (const tensor::Tensor& each : tensors)
    bytes += static_cast<std::int64_t>(each.bytes().size());
  return bytes;
}

}  // namespace

Evaluator::Evaluator(std::shared_ptr<Model> model, job::Job job)
    : Evaluator(model, job, JobInputs(*model, job)) {}

Evaluator::Evaluator(std::shared_ptr<Model> model, job::Job job, JobInputs inputs)
    : model_(std::move(model)),
      job_(std::move(job)),
      evaluation_(metric_of(job_)),
      inputs_(std::move(inputs)),
      graph_(model_->graph(inputs_.shapes())),
      space_(tuning_space(*graph_, job_.target())),
      outputs_(chosen_outputs(*model_, job_)),
      lanes_(lane_count(job_, *graph_, inputs_)),
      runner_(*model_, lanes_) {}

std::string Evaluator::fingerprint() const {
  const engine::ThreadScope scope(lanes_.threads);
  return engine::fingerprint();
}

Budget Evaluator::narrowed(Budget budget) const {
  if (batch_seconds_ > 0) {
    const double round_seconds = batch_seconds_ * static_cast<double>(lanes_.lanes);
    budget.cost_max = std::min(budget.cost_max, base::limits::batch_seconds / round_seconds);
  }
  return budget;
}

Pass Evaluator::begin(const std::vector<Precisions>& configs, const Budget& budget,
                      const std::optional<nlohmann::json>& checkpoint) {
  for (const Precisions& precisions : configs) {
    check_precisions(*graph_, precisions, model_->source().name);
  }
  runner_.begin({}, nullptr);
  if (checkpoint) {
    std::optional<Pass> pass =
        Pass::resumed(evaluation_.metric, configs, *checkpoint, inputs_.batch_count());
    if (pass) return *std::move(pass);
  }
  Pass pass(evaluation_.metric, configs);
  if (configs.size() > 1) {
    auto merged = MergedPrograms::within(*model_, inputs_, configs, narrowed(budget), lanes_.lanes);
    pass.members.erase(pass.members.begin() + static_cast<std::ptrdiff_t>(merged->count()),
                       pass.members.end());
    runner_.begin(pass.live(), std::move(merged));
  }
  return pass;
}

std::optional<Evaluated> Evaluator::evaluate(const Precisions& precisions,
                                             const std::optional<nlohmann::json>& checkpoint,
                                             const Observer& observer,
                                             const std::optional<double>& accuracy_needed) {
  const auto evaluated =
      evaluate(std::vector{precisions}, {}, checkpoint, observer, accuracy_needed);
  if (!evaluated) return std::nullopt;
  return evaluated->front();
}

std::optional<std::vector<Evaluated>> Evaluator::evaluate(
    const std::vector<Precisions>& configs, const Budget& budget,
    const std::optional<nlohmann::json>& checkpoint, const Observer& observer,
    const std::optional<double>& accuracy_needed) {
  const Clock::time_point started = Clock::now();
  memory_bytes_max_ = base::memory_budget_bytes(budget.memory_bytes_max);
  const engine::ThreadScope scope(lanes_.threads);
  Pass pass = begin(configs, budget, checkpoint);
  BatchStream batches(inputs_, pass.batches_done);
  std::exception_ptr data_error;
  Clock::time_point checkpointed = Clock::now();
  Pace pace(lanes_.lanes, memory_bytes_max_);
  while (!is_over(pass)) {
    const bool stops = observer.wants_stop();
    const bool is_due = Clock::now() - checkpointed >= observer.checkpoint_interval;
    if (observer.checkpoint && (stops || is_due)) {
      observer.checkpoint(pass.checkpoint());
      checkpointed = Clock::now();
    }
    if (stops) return std::nullopt;
    std::vector<data::Batch> round = next_round(batches, pace.batches_of_round(), data_error);
    if (round.empty()) break;
    const std::int64_t batches_before = pass.batches_done;
    add_round(pass, std::move(round), accuracy_needed);
    pace.add_round(pass.batches_done - batches_before, batch_bytes_);
    if (pass.members.size() == 1) batch_seconds_ = pace.batch_seconds();
    observer.tell({pass.batches_done, inputs_.batch_count(), pass.samples_done,
                   pass.members.front().metric.value(), std::ssize(pass.members)});
  }
  if (observer.checkpoint && pass.members.size() > 1) observer.checkpoint(pass.checkpoint());
  const std::chrono::duration<double> seconds = Clock::now() - started;
  std::vector<Evaluated> evaluated;
  for (const Pass::Member& member : pass.members) {
    evaluated.push_back({member.aborted_after ? member.best_possible : member.metric.value(),
                         member.aborted_after, pass.samples_done, seconds.count(),
                         model_bytes(space_, member.precisions), member.footprint_bytes});
  }
  return evaluated;
}

bool Evaluator::is_over(const Pass& pass) const {
  return pass.batches_done >= inputs_.batch_count() || pass.live().empty();
}

std::vector<data::Batch> Evaluator::next_round(BatchStream& batches, std::size_t count,
                                               std::exception_ptr& data_error) {
  if (data_error) std::rethrow_exception(data_error);
  std::vector<data::Batch> round;
  try {
    while (round.size() < count) {
      std::optional<data::Batch> batch = batches.next();
      if (!batch) break;
      round.push_back(*std::move(batch));
    }
  } catch (...) {
    if (round.empty()) throw;
    data_error = std::current_exception();
  }
  return round;
}

void Evaluator::add_round(Pass& pass, std::vector<data::Batch> round,
                          const std::optional<double>& accuracy_needed) {
  std::vector<bool> wants_reference;
  for (const data::Batch& batch : round) {
    wants_reference.push_back(job::traits(evaluation_.metric).needs_reference &&
                              !references_.contains(batch.index));
  }
  const std::vector<BatchResult> results =
      runner_.run(pass, round, wants_reference, memory_bytes_max_);
  for (std::size_t i = 0; i < round.size() && !is_over(pass); ++i) {
    if (results[i].error) std::rethrow_exception(results[i].error);
    batch_bytes_ = size_bytes(round[i]) + size_bytes(results[i].outputs);
    add_batch(pass, std::move(round[i]), results[i]);
    if (accuracy_needed) abort_hopeless(pass, *accuracy_needed);
  }
}

void Evaluator::add_batch(Pass& pass, data::Batch batch, const BatchResult& result) {
  const std::vector<std::size_t>& running = runner_.running();
  const std::size_t outputs_count = result.outputs.size() / running.size();
  std::vector<data::Outputs> outputs;
  for (std::size_t i = 0; i < running.size(); ++i) {
    outputs.push_back(chosen(std::span(result.outputs).subspan(i * outputs_count, outputs_count)));
  }
  std::optional<tensor::Tensor> labels = batch.labels;
  if (labels) labels = data::postprocess(evaluation_.postprocess, *std::move(labels));
  std::optional<data::Outputs> compared;
  if (job::traits(evaluation_.metric).needs_reference) {
    compared = reference(pass, batch.index, result);
  }
  for (std::size_t i = 0; i < running.size(); ++i) {
    Pass::Member& member = pass.members[running[i]];
    if (member.aborted_after) continue;
    member.metric.add(outputs[i], labels ? &*labels : nullptr, compared ? &*compared : nullptr,
                      batch.samples);
  }
  ++pass.batches_done;
  pass.samples_done += batch.samples;
  if (inputs_.can_keep(batch) && has_room(pass, size_bytes(batch))) inputs_.keep(std::move(batch));
}

void Evaluator::abort_hopeless(Pass& pass, double accuracy_needed) const {
  const bool higher_is_better = job_.settings.criterion.higher_is_better;
  const std::optional<std::int64_t> samples = inputs_.samples();
  const bool is_bounded = samples && !graph_->first_stage &&
                          job::traits(evaluation_.metric).higher_is_better == higher_is_better;
  if (!is_bounded || pass.samples_done >= *samples) return;
  // Far more than the sums' rounding, far less than anybody asks for.
  const double margin = 1e-9 * std::max(1.0, std::abs(accuracy_needed));
  for (Pass::Member& member : pass.members) {
    const auto possible = member.metric.best_possible(*samples - pass.samples_done);
    if (!possible || member.aborted_after) continue;
    const double lack =
        higher_is_better ? accuracy_needed - *possible : *possible - accuracy_needed;
    if (!(lack > margin) || !std::isfinite(*possible)) continue;
    member.aborted_after = pass.samples_done;
    member.best_possible = *possible;
  }
}

data::Outputs Evaluator::chosen(std::span<const tensor::Tensor> all) const {
  data::Outputs outputs;
  for (const auto& [name, place] : outputs_) outputs.emplace_back(name, all[place]);
  return outputs;
}

data::Outputs Evaluator::reference(const Pass& pass, std::int64_t batch,
                                   const BatchResult& result) {
  const auto known = references_.find(batch);
  if (known != references_.end()) return known->second;
  data::Outputs outputs = chosen(result.reference);
  remember(pass, batch, outputs);
  return outputs;
}

void Evaluator::remember(const Pass& pass, std::int64_t batch, const data::Outputs& outputs) {
  const std::int64_t bytes = size_bytes(outputs);
  if (references_.contains(batch) || !has_room(pass, bytes)) return;
  references_.emplace(batch, outputs);
  references_bytes_ += bytes;
}

bool Evaluator::has_room(const Pass& pass, std::int64_t bytes) const {
  if (kept_bytes() + bytes > kept_bytes_max()) return false;
  const std::int64_t next_program_bytes =
      pass.members.front().footprint_bytes * static_cast<std::int64_t>(lanes_.lanes);
  return base::resident_bytes() + bytes + next_program_bytes <= memory_bytes_max_;
}

std::int64_t Evaluator::kept_bytes_max() const {
  return static_cast<std::int64_t>(base::limits::kept_share *
                                   static_cast<double>(memory_bytes_max_));
}

std::int64_t Evaluator::batches_to_keep() const {
  const std::int64_t kept = inputs_.kept_batches();
  if (kept == 0) return 0;
  const std::int64_t bytes_of_each = std::max<std::int64_t>(kept_bytes() / kept, 1);
  return std::min(inputs_.batch_count(), kept_bytes_max() / bytes_of_each);
}

}  // namespace ampd::evaluation
