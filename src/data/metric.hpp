// How good a model's outputs are, summed up batch by batch.
//
// The sums are integers, or doubles to which each sample adds in its order: they do not depend on
// how samples are grouped into batches, and an evaluation that goes on from a stored state ends bit
// for bit where an undisturbed one ends. Metrics of classes find the class axis from the labels
// (the output's axis that the labels lack, the last one if two fit) and count every position of an
// output that has several per sample, such as the characters of a text.
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

  /// The sums, exactly. `restore` throws Error(corrupt) for what `state` of this metric never
  /// gives.
  nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  const MetricKind* kind_;
  nlohmann::json parameters_;
  Sums sums_;
};

}  // namespace ampd::data
