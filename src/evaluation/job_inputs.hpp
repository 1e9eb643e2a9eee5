// The batches on which the configs of a job are run: the job's evaluation data, or made-up inputs
// for a job whose accuracy comes from a command.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "data/dataloader.hpp"
#include "data/prefetcher.hpp"
#include "evaluation/model.hpp"
#include "job/job.hpp"

namespace ampd::evaluation {

class JobInputs {
 public:
  /// Opens the job's data. Throws what data::Dataloader throws, and Error(invalid) when the job
  /// names other inputs than the model has.
  JobInputs(Model& model, const job::Job& job);

  /// Of every batch; all batches have the same.
  const Shapes& shapes() const { return shapes_; }
  std::int64_t batch_count() const { return batch_count_; }

 private:
  friend class BatchStream;

  data::Batch made_up_batch(std::int64_t index) const;

  std::unique_ptr<data::Dataloader> loader_;  // null: made up
  std::shared_ptr<const SpecialGraph> graph_;
  std::uint64_t seed_ = 0;
  Shapes shapes_;
  std::int64_t batch_count_ = 0;
};

/// The batches from `first` on, prepared ahead. `inputs` outlives it.
class BatchStream {
 public:
  explicit BatchStream(const JobInputs& inputs, std::int64_t first = 0);

  /// Nothing after the last. Throws what data::Dataloader::batch throws.
  std::optional<data::Batch> next();

 private:
  const JobInputs& inputs_;
  std::int64_t next_;
  std::optional<data::Prefetcher> prefetcher_;
};

}  // namespace ampd::evaluation
