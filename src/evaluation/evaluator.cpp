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
      outputs_(chosen_outputs(*model_, job_)) {}

Budget Evaluator::narrowed(Budget budget) const {
  if (batch_seconds_ > 0) {
    budget.cost_max = std::min(budget.cost_max, base::limits::batch_seconds / batch_seconds_);
  }
  return budget;
}

Pass Evaluator::begin(const std::vector<Precisions>& configs, const Budget& budget,
                      const std::optional<nlohmann::json>& checkpoint) {
  for (const Precisions& precisions : configs) {
    check_precisions(*graph_, precisions, model_->source().name);
  }
  merged_ = nullptr;
  running_.clear();
  if (checkpoint) {
    std::optional<Pass> pass =
        Pass::resumed(evaluation_.metric, configs, *checkpoint, inputs_.batch_count());
    if (pass) return *std::move(pass);
  }
  Pass pass(evaluation_.metric, configs);
  if (configs.size() > 1) {
    merged_ = MergedPrograms::within(*model_, inputs_, configs, narrowed(budget));
    pass.members.erase(pass.members.begin() + static_cast<std::ptrdiff_t>(merged_->count()),
                       pass.members.end());
    running_ = pass.live();
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
  Pass pass = begin(configs, budget, checkpoint);
  const std::int64_t first_batch = pass.batches_done;
  BatchStream batches(inputs_, first_batch);
  Clock::time_point checkpointed = Clock::now();
  Clock::time_point paced_from = started;  // then from the second batch on: the first one builds
  while (pass.batches_done < inputs_.batch_count() && !pass.live().empty()) {
    const bool stops = observer.wants_stop();
    const bool is_due = Clock::now() - checkpointed >= observer.checkpoint_interval;
    if (observer.checkpoint && (stops || is_due)) {
      observer.checkpoint(pass.checkpoint());
      checkpointed = Clock::now();
    }
    if (stops) return std::nullopt;
    std::optional<data::Batch> batch = batches.next();
    if (!batch) break;
    add_batch(pass, *std::move(batch));
    if (accuracy_needed) abort_hopeless(pass, *accuracy_needed);
    if (pass.members.size() == 1) {
      const std::int64_t batches_run = pass.batches_done - first_batch;
      const std::chrono::duration<double> taken = Clock::now() - paced_from;
      batch_seconds_ =
          taken.count() / static_cast<double>(std::max<std::int64_t>(batches_run - 1, 1));
      if (batches_run == 1) paced_from = Clock::now();
    }
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

void Evaluator::add_batch(Pass& pass, data::Batch batch) {
  const job::MetricTraits traits = job::traits(evaluation_.metric);
  const std::vector<data::Outputs> outputs = run(pass, batch);
  std::optional<tensor::Tensor> labels = batch.labels;
  if (labels) labels = data::postprocess(evaluation_.postprocess, *std::move(labels));
  std::optional<data::Outputs> compared;
  if (traits.needs_reference) compared = reference(pass, outputs, batch);
  for (std::size_t i = 0; i < running_.size(); ++i) {
    Pass::Member& member = pass.members[running_[i]];
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

void Evaluator::choose_running(const Pass& pass) {
  // A program is not made anew for a few members less.
  std::vector<std::size_t> live = pass.live();
  if (2 * live.size() > running_.size() && !running_.empty()) return;
  running_ = std::move(live);
  merged_ = nullptr;
  if (running_.size() == 1) return;
  std::vector<Precisions> configs;
  for (const std::size_t place : running_) configs.push_back(pass.members[place].precisions);
  merged_ = std::make_unique<MergedPrograms>(*model_, std::move(configs));
}

std::vector<data::Outputs> Evaluator::run(Pass& pass, const data::Batch& batch) {
  choose_running(pass);
  std::vector<data::Outputs> outputs;
  if (merged_ == nullptr) {
    Pass::Member& only = pass.members[running_.front()];
    const auto program = model_->program(shapes_of(batch.inputs), only.precisions);
    outputs.push_back(chosen(program->run(batch.inputs)));
    only.footprint_bytes = std::max(only.footprint_bytes, program->footprint_bytes());
    return outputs;
  }
  const std::vector<tensor::Tensor> all = merged_->run(batch.inputs);
  const std::size_t outputs_count = all.size() / running_.size();
  for (std::size_t i = 0; i < running_.size(); ++i) {
    outputs.push_back(chosen(std::span(all).subspan(i * outputs_count, outputs_count)));
    std::int64_t& bytes = pass.members[running_[i]].footprint_bytes;
    bytes = std::max(bytes, merged_->footprint_bytes(i));
  }
  return outputs;
}

data::Outputs Evaluator::chosen(std::span<const tensor::Tensor> all) const {
  data::Outputs outputs;
  for (const auto& [name, place] : outputs_) outputs.emplace_back(name, all[place]);
  return outputs;
}

data::Outputs Evaluator::reference(const Pass& pass, const std::vector<data::Outputs>& found_now,
                                   const data::Batch& batch) {
  const auto baseline = std::ranges::find_if(running_, [&](std::size_t member) {
    return without_fp32(pass.members[member].precisions).empty();
  });
  if (baseline != running_.end()) {
    const auto place = static_cast<std::size_t>(baseline - running_.begin());
    remember(pass, batch.index, found_now[place]);
    return found_now[place];
  }
  const auto known = references_.find(batch.index);
  if (known != references_.end()) return known->second;
  data::Outputs outputs = chosen(model_->program(shapes_of(batch.inputs), {})->run(batch.inputs));
  remember(pass, batch.index, outputs);
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
  const std::int64_t next_program_bytes = pass.members.front().footprint_bytes;
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
