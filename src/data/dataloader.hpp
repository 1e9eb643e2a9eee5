// Batches for a model: samples of a dataset, transformed, converted to the input's type, stacked.
//
// Any batch can be asked for at any time and is the same each time, so an evaluation resumes at the
// batch where it stopped. All batches have the same shapes, those of the first sample: the last one
// is padded with copies of its last sample, which are not counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "data/transform.hpp"

namespace ampd::data {

/// An input of the model; its first axis is the batch, -1 stands for a free extent.
struct ModelInput {
  std::string name;
  tensor::DType dtype = tensor::DType::f32;
  tensor::Shape shape;
};

struct Batch {
  std::int64_t index = 0;
  std::map<std::string, tensor::Tensor> inputs;  // by input name, padding included
  std::optional<tensor::Tensor> labels;          // without padding
  std::int64_t samples = 0;                      // without padding
};

class Dataloader {
 public:
  /// Opens the dataset and prepares its first sample. Throws what make_dataset and `batch` throw,
  /// and Error(invalid) when there are no samples or the dataset's inputs are not the model's.
  Dataloader(const job::Dataloader& settings, std::vector<ModelInput> inputs, std::uint64_t seed);

  /// The model's fixed batch size where it has one, else the job's, but no more than the samples.
  std::int64_t batch_size() const { return batch_size_; }
  std::int64_t batch_count() const { return batch_count_; }
  std::int64_t samples() const { return samples_; }  // in all batches, padding not counted

  /// The shapes of the inputs of every batch, no extent unknown.
  std::map<std::string, tensor::Shape> shapes() const;

  /// May be called from any thread. Throws Error naming the sample: its shape is not the input's
  /// (with the remedy, when it lacks a Transpose), its type does not convert exactly, its file
  /// cannot be read.
  Batch batch(std::int64_t index) const;

 private:
  /// An input of the model, its field in the samples and the shape that all samples have there.
  struct Slot {
    ModelInput input;
    std::size_t field = 0;
    tensor::Shape shape;
  };

  void find_fields(std::vector<ModelInput> inputs);
  void plan(const job::Dataloader& settings);
  Sample prepare(std::int64_t index) const;
  std::string place(std::int64_t index) const;
  tensor::Shape fitting_shape(const ModelInput& input, const Field& field,
                              std::int64_t index) const;
  tensor::Tensor fitted(const Slot& slot, const Field& field, std::int64_t index) const;
  void check_label(const tensor::Tensor& label, const tensor::Tensor& labels,
                   std::int64_t index) const;

  std::vector<Slot> slots_;
  Dataset dataset_;
  std::vector<Transform> transforms_;
  std::int64_t batch_size_ = 0;
  std::int64_t batch_count_ = 0;
  std::int64_t samples_ = 0;
};

}  // namespace ampd::data
