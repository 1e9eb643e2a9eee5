// The table behind Metric: what each kind adds for a batch and makes of its sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "data/metric.hpp"

namespace ampd::data {

/// What a metric is told about one batch.
struct Evidence {
  const std::string& metric;
  const nlohmann::json& parameters;
  const Outputs& outputs;
  const tensor::Tensor* labels;
  const Outputs* reference;
  std::int64_t samples;
};

/// What more samples can do to the sums at best.
enum class Bound : std::uint8_t {
  none,   // nobody knows
  hits,   // each is a hit: counts[0] of counts[1]
  zeros,  // each adds nothing to totals[0], of counts[0]
  ones,   // each adds one to totals[0], of counts[0]
};

struct MetricKind {
  std::string name;
  std::size_t counts = 0;  // of Sums; 0: f1_counts_per_class per class seen
  std::size_t totals = 0;
  void (*add)(const Evidence& evidence, Sums& sums) = nullptr;
  double (*value)(const Sums& sums) = nullptr;  // of sums in which something was counted
  std::size_t counted = 0;                      // which of the counts is that of what was judged
  Bound bound = Bound::none;
};

/// True positives, false positives, false negatives.
inline constexpr std::size_t f1_counts_per_class = 3;

/// Those that judge classes: topk, Accuracy, F1, Loss, perplexity, agreement.
const std::vector<MetricKind>& class_metrics();

/// Those that compare numbers: MSE, MAE, RMSE, cosine, sqnr.
const std::vector<MetricKind>& comparison_metrics();

/// The parts of the evidence. Throw Error(invalid) naming the metric when they are not there.
const std::pair<std::string, tensor::Tensor>& first_output(const Outputs& outputs);
const tensor::Tensor& labels_of(const Evidence& evidence);
const Outputs& reference_of(const Evidence& evidence);

/// The first total over the first count.
double mean_of(const Sums& sums);

/// Throws Error(unsupported) for a name that the catalogue does not offer.
const MetricKind& metric_kind(const std::string& name);

}  // namespace ampd::data
