// How good a model's outputs are, summed up batch by batch.
//
// The sums are integers, or doubles to which each sample adds in its order: they do not depend on
// how samples are grouped into batches, and an evaluation that goes on from a stored state ends bit
// for bit where an undisturbed one ends.
//
// Labels judge the first output. Of classes (topk, Accuracy, F1, Loss, perplexity, agreement):
// - The class axis is the output's axis that the labels lack, the last one if two fit; without
//   labels the last of three axes, else the second. Every position of a sample counts, such as the
//   characters of a text, but those labelled -100.
// - Of equal scores the lower class stands first. A score that is not a number is never right.
// - Accuracy and F1 round an output that has the labels' own shape: to a class, or to 0 or 1.
// - F1 is that of class 1 where there are two classes, else the mean over the classes that labels
//   or predictions name, from counts over all samples (INC averages over batches).
//
// Of numbers (MSE, MAE, RMSE, cosine, sqnr): the reference is compared in all floating-point
// outputs. cosine is the mean over the samples. sqnr is ten times the decimal logarithm of the
// ratio of the sums of squares, kept within 200 dB either way: 200 is what equal outputs get.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "job/job.hpp"
#include "tensor/tensor.hpp"

namespace ampd::data {

/// A model's outputs by name, in the model's order.
using Outputs = std::vector<std::pair<std::string, tensor::Tensor>>;

/// What a metric keeps between batches.
struct Sums {
  std::vector<std::int64_t> counts;
  std::vector<double> totals;
};

struct MetricKind;

class Metric {
 public:
  /// A metric of the catalogue; job::traits says what it needs and which direction is better.
  explicit Metric(const job::Component& component);

  /// Adds the first `samples` rows of a batch; further ones are padding. `reference` is the fp32
  /// model's outputs of the same batch. It and `labels` may be null where the metric does not need
  /// them. Throws Error(invalid) naming both shapes when outputs and labels do not fit each other.
  void add(const Outputs& outputs, const tensor::Tensor* labels, const Outputs* reference,
           std::int64_t samples);

  /// The metric over all samples so far; NaN when there are none.
  double value() const;

  /// The best value that it can still come to with `samples` more, each with as many positions or
  /// numbers as those so far had at most: all of them right. None where nothing bounds it (F1,
  /// sqnr), and before the first batch.
  std::optional<double> best_possible(std::int64_t samples) const;

  /// The sums, exactly. `restore` throws Error(corrupt) for what `state` of this metric never
  /// gives.
  nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  const MetricKind* kind_;
  nlohmann::json parameters_;
  Sums sums_;
  std::int64_t counts_per_sample_ = 0;  // at most; not part of the state, every batch tells it
};

}  // namespace ampd::data
