// Judges configs of one model by one job's data and metric.
//
// Configs are judged together where that costs less: one program executes what they share once. It
// is kept from one config to the next: the data stay open, prepared batches and the fp32 outputs
// that some metrics compare with stay in memory, as far as limits::kept_share of the budget goes
// and the programs leave room. Batches run in rounds, each in its lane (lane_count.hpp), and are
// added to the metrics in their order. One thread, beside those of the lanes and the one that
// prepares batches.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ampd/tuning_space.hpp"
#include "data/metric.hpp"
#include "evaluation/job_inputs.hpp"
#include "evaluation/model.hpp"
#include "evaluation/observer.hpp"
#include "evaluation/pace.hpp"
#include "evaluation/pass.hpp"
#include "evaluation/round_runner.hpp"
#include "job/job.hpp"

namespace ampd::evaluation {

struct Evaluated {
  double accuracy = 0;  // may be NaN; if aborted, what it could have come to at best
  std::optional<std::int64_t> aborted_after;  // samples
  std::int64_t samples = 0;
  double seconds = 0;                // of this call, for all its configs together
  std::int64_t model_bytes = 0;      // of the weights in the config's precisions
  std::int64_t footprint_bytes = 0;  // of the largest execution: intermediate values and weights
};

class Evaluator {
 public:
  /// Opens the job's data. Throws Error: what JobInputs throws; invalid for a job without a metric,
  /// or one that names outputs that the model does not have.
  Evaluator(std::shared_ptr<Model> model, job::Job job);

  /// The same with other batches than the job's own; their extents may differ where the model's are
  /// free.
  Evaluator(std::shared_ptr<Model> model, job::Job job, JobInputs inputs);

  /// The accuracies of the first of `configs`, as many as the budget allows, at least one, in their
  /// order. From the beginning or from a checkpoint of a pass that began with the first config; a
  /// config's accuracy is bit for bit that of an undisturbed evaluation of it alone. Nothing when
  /// stopped. A config that can no longer reach `accuracy_needed`, whatever the samples that are
  /// left give, is aborted, after the same batch in whatever company; none where the metric or the
  /// number of samples sets no bound. Throws Error: invalid for a config that is not one of the
  /// model's, corrupt for a
  /// checkpoint that is none of the first config's. A checkpoint under another fingerprint is not
  /// used.
  std::optional<std::vector<Evaluated>> evaluate(const std::vector<Precisions>& configs,
                                                 const Budget& budget,
                                                 const std::optional<nlohmann::json>& checkpoint,
                                                 const Observer& observer,
                                                 const std::optional<double>& accuracy_needed = {});

  /// Of one config.
  std::optional<Evaluated> evaluate(const Precisions& precisions,
                                    const std::optional<nlohmann::json>& checkpoint = {},
                                    const Observer& observer = {},
                                    const std::optional<double>& accuracy_needed = {});

  const job::Job& job() const { return job_; }
  const JobInputs& inputs() const { return inputs_; }
  const LaneCount& lanes() const { return lanes_; }

  /// What pins the accuracies.
  std::string fingerprint() const;

  /// How many batches will be kept after a whole pass, if the programs leave room.
  std::int64_t batches_to_keep() const;

  /// Of the batches and fp32 outputs that are kept.
  std::int64_t kept_bytes() const { return inputs_.kept_bytes() + references_bytes_; }

 private:
  Budget narrowed(Budget budget) const;
  Pass begin(const std::vector<Precisions>& configs, const Budget& budget,
             const std::optional<nlohmann::json>& checkpoint);
  /// So many batches, fewer at the end. Throws what the stream throws, and throws it when its turn
  /// comes: an error behind the round is kept in `data_error` for the next call.
  static std::vector<data::Batch> next_round(BatchStream& batches, std::size_t count,
                                             std::exception_ptr& data_error);
  /// All of it, in order, or up to where no member is live any more.
  void add_round(Pass& pass, std::vector<data::Batch> round,
                 const std::optional<double>& accuracy_needed);
  bool is_over(const Pass& pass) const;
  void add_batch(Pass& pass, data::Batch batch, const BatchResult& result);
  void abort_hopeless(Pass& pass, double accuracy_needed) const;
  data::Outputs chosen(std::span<const tensor::Tensor> all) const;
  /// The fp32 outputs: kept from an earlier pass, or made now.
  data::Outputs reference(const Pass& pass, std::int64_t batch, const BatchResult& result);
  void remember(const Pass& pass, std::int64_t batch, const data::Outputs& outputs);
  bool has_room(const Pass& pass, std::int64_t bytes) const;
  std::int64_t kept_bytes_max() const;

  std::shared_ptr<Model> model_;
  job::Job job_;
  const job::MetricEvaluation& evaluation_;
  JobInputs inputs_;
  std::shared_ptr<const SpecialGraph> graph_;
  TuningSpace space_;
  std::vector<std::pair<std::string, std::size_t>> outputs_;  // those the metric reads, with places
  std::map<std::int64_t, data::Outputs> references_;          // by batch
  std::int64_t references_bytes_ = 0;
  std::int64_t memory_bytes_max_ = 0;  // of the process
  double batch_seconds_ = 0;           // of the last config that was evaluated alone; 0: not known
  std::int64_t batch_bytes_ = 0;       // of the last batch and what was made of it
  LaneCount lanes_;
  RoundRunner runner_;
};

}  // namespace ampd::evaluation
