// The batches on which the configs of a job are run: the job's evaluation data, batches that a
// program makes, or made-up inputs for a job whose accuracy comes from a command.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "data/dataloader.hpp"
#include "data/prefetcher.hpp"
#include "evaluation/model.hpp"
#include "job/job.hpp"

namespace ampd::evaluation {

/// Batch `index`, always the same; nothing after the last one.
using BatchSource = std::function<std::optional<data::Batch>(std::int64_t index)>;

class JobInputs {
 public:
  /// Opens the job's data. Throws what data::Dataloader throws, and Error(invalid) when the job
  /// names other inputs than the model has.
  JobInputs(Model& model, const job::Job& job);

  /// Throws Error(invalid) when the source has no batch.
  explicit JobInputs(BatchSource source);

  /// Of the first batch; all batches of a job's own data have the same.
  const Shapes& shapes() const { return shapes_; }

  /// Of a source: the largest number, as it is not known.
  std::int64_t batch_count() const { return batch_count_; }

 private:
  friend class BatchStream;

  data::Batch made_up_batch(std::int64_t index) const;

  std::unique_ptr<data::Dataloader> loader_;  // null: made up, or from the source
  BatchSource source_;
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
