// The batches on which the configs of a job are run: the job's evaluation data, batches that a
// program makes, or made-up inputs for a job whose accuracy comes from a command.
//
// Batches of the job's data can be kept, decoded and transformed: the first ones, as many as the
// owner lets in, so that every stream after it finds the same ones ready. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

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

  /// Whether every batch has them; of a source it is not known.
  bool has_equal_shapes() const { return !source_; }

  /// Of a source: the largest number, as it is not known.
  std::int64_t batch_count() const { return batch_count_; }

  /// In all batches; of a source: not known.
  std::optional<std::int64_t> samples() const { return samples_; }

  /// Whether it is the first of the job's own batches that is not kept.
  bool can_keep(const data::Batch& batch) const;

  /// One that can be kept. Not while another stream than that which gave it is read.
  void keep(data::Batch batch);

  /// What preparing one batch of the job's own data takes now; 0 of others.
  double preparation_seconds() const;

  /// Gives back at least so many bytes, the last batches first, and keeps no more from now on; does
  /// nothing where fewer are kept. Not while a stream is read.
  void forget(std::int64_t bytes);

  std::int64_t kept_batches() const { return static_cast<std::int64_t>(kept_.size()); }
  std::int64_t kept_bytes() const { return kept_bytes_; }

 private:
  friend class BatchStream;

  data::Batch made_up_batch(std::int64_t index) const;

  std::unique_ptr<data::Dataloader> loader_;  // null: made up, or from the source
  BatchSource source_;
  std::shared_ptr<const SpecialGraph> graph_;
  std::uint64_t seed_ = 0;
  Shapes shapes_;
  std::int64_t batch_count_ = 0;
  std::optional<std::int64_t> samples_;
  std::vector<data::Batch> kept_;  // from the first on
  std::int64_t kept_bytes_ = 0;
  bool has_forgotten_ = false;
};

/// Bytes of a batch's tensors.
std::int64_t size_bytes(const data::Batch& batch);

/// The batches from `first` on: those that are kept, then others, prepared ahead. `inputs` outlives
/// it.
class BatchStream {
 public:
  explicit BatchStream(const JobInputs& inputs, std::int64_t first = 0);

  /// Nothing after the last. Throws what data::Dataloader::batch throws.
  std::optional<data::Batch> next();

 private:
  const JobInputs& inputs_;
  std::int64_t next_;
  std::int64_t ready_end_;  // how many were kept when the stream began
  std::optional<data::Prefetcher> prefetcher_;
};

}  // namespace ampd::evaluation
