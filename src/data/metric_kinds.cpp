#include "data/metric_kinds.hpp"

#include <algorithm>

#include "ampd/error.hpp"

namespace ampd::data {

using tensor::Tensor;

const std::pair<std::string, Tensor>& first_output(const Outputs& outputs) {
  if (outputs.empty()) throw Error(ErrorCode::invalid, "the model has no output to be judged");
  return outputs.front();
}

const Tensor& labels_of(const Evidence& evidence) {
  if (evidence.labels != nullptr) return *evidence.labels;
  throw Error(ErrorCode::invalid, "the metric " + evidence.metric +
                                      " needs labels, which the dataset does not have; "
                                      "`agreement` needs none");
}

const Outputs& reference_of(const Evidence& evidence) {
  if (evidence.reference != nullptr) return *evidence.reference;
  throw Error(ErrorCode::invalid,
              "the metric " + evidence.metric + " needs the outputs of the fp32 model");
}

double mean_of(const Sums& sums) {
  return sums.totals[0] / static_cast<double>(sums.counts[0]);
}

const MetricKind& metric_kind(const std::string& name) {
  for (const auto* kinds : {&class_metrics(), &comparison_metrics()}) {
    const auto found = std::ranges::find(*kinds, name, &MetricKind::name);
    if (found != kinds->end()) return *found;
  }
  throw Error(ErrorCode::unsupported, "the metric " + name + " is not offered");
}

}  // namespace ampd::data
