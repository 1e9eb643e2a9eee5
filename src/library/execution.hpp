// The engine behind a strategy that was given an ONNX file: offers its tuning space, runs its
// candidates, judges them by the conf's metric and measures them.
//
// One thread. What it throws is an Error that names the model, the input or the batch.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ampd/dataloader.hpp"
#include "ampd/outcome.hpp"
#include "ampd/tensor.hpp"
#include "ampd/tune_config.hpp"
#include "evaluation/evaluator.hpp"
#include "evaluation/model.hpp"
#include "job/job.hpp"

namespace ampd::library {

class Execution {
 public:
  /// Batches come from `dataloader`, else from the job's dataset, else they are made up. The
  /// threads are set for the whole process.
  Execution(const std::filesystem::path& model, job::Job job, Dataloader dataloader);

  const TuningSpace& space() const { return space_; }
  const std::string& model_digest() const { return model_digest_; }

  /// Whether metric and batches are at hand.
  bool can_judge() const { return evaluator_ != nullptr; }

  /// Accuracy and bytes; aborted when `accuracy_needed` is out of reach; nothing when stopped
  /// between two batches.
  std::optional<Outcome> judge(const TuneConfig& config,
                               const std::optional<double>& accuracy_needed,
                               const std::function<bool()>& is_stopping);

  std::vector<Tensor> run(const TuneConfig& config, const Tensors& inputs);

  /// Fills in the bytes of weights and of one execution on the first batch.
  void add_sizes(const TuneConfig& config, Outcome& outcome);

  /// Fills in the time of an execution on the first batch, and how it compares with fp32.
  void add_times(const TuneConfig& config, Outcome& outcome);

  /// An ONNX file with the config applied, proved to be it on all batches.
  std::vector<std::byte> exported(const TuneConfig& config);

 private:
  evaluation::Precisions precisions(const TuneConfig& config) const;
  void make_evaluator(Dataloader dataloader);
  const evaluation::JobInputs& inputs() const;

  std::shared_ptr<evaluation::Model> model_;
  job::Job job_;
  std::unique_ptr<evaluation::Evaluator> evaluator_;  // null: judged by an eval_func
  std::unique_ptr<evaluation::JobInputs> made_up_;    // else
  TuningSpace space_;
  std::string model_digest_;
};

}  // namespace ampd::library
