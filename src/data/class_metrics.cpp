#include <algorithm>
#include <cmath>
#include <optional>

#include "ampd/error.hpp"
#include "data/class_scores.hpp"
#include "data/metric_kinds.hpp"

namespace ampd::data {
namespace {

using tensor::Tensor;

constexpr std::int64_t classes_max = 1 << 20;

/// Scores and labels of the first output.
struct Labelled {
  ClassScores scores;
  std::vector<std::int64_t> labels;
};

Labelled labelled(const Evidence& evidence) {
  const auto& [name, output] = first_output(evidence.outputs);
  const Tensor& labels = labels_of(evidence);
  const std::size_t axis = class_axis(output.shape(), labels.shape(), name);
  ClassScores scores(output, axis, evidence.samples);
  std::vector<std::int64_t> classes = class_labels(labels, scores, axis, evidence.samples);
  return {std::move(scores), std::move(classes)};
}

void count(Sums& sums, bool is_hit) {
  sums.counts[0] += is_hit ? 1 : 0;
  sums.counts[1] += 1;
}

void add_topk(const Evidence& evidence, Sums& sums) {
  const auto k = evidence.parameters.at("k").get<std::size_t>();
  const auto [scores, labels] = labelled(evidence);
  for (std::size_t position = 0; position < labels.size(); ++position) {
    if (labels[position] == ignored_label) continue;
    const bool is_number = scores.best(position).has_value();
    count(sums, is_number && scores.place(position, labels[position]) < k);
  }
}

/// A prediction and its label, both classes; none is the prediction from scores that are not
/// numbers.
struct Judgement {
  std::optional<std::int64_t> prediction;
  std::int64_t label = 0;
};

struct Judgements {
  std::vector<Judgement> list;
  std::size_t classes = 0;  // 0: not known
};

/// Outputs of the labels' shape are rounded to classes.
Judgements judge(const Evidence& evidence) {
  const auto& [name, output] = first_output(evidence.outputs);
  const Tensor& labels = labels_of(evidence);
  Judgements result;
  if (!is_same_shape(output.shape(), labels.shape())) {
    const auto [scores, classes] = labelled(evidence);
    result.classes = scores.classes();
    for (std::size_t position = 0; position < classes.size(); ++position) {
      if (classes[position] == ignored_label) continue;
      result.list.push_back({scores.best(position), classes[position]});
    }
    return result;
  }
  const std::vector<double> values = rows_of(output, evidence.samples);
  const std::vector<double> wanted = rows_of(labels, evidence.samples);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rounded = std::nearbyint(values[i]);
    const bool is_class = std::abs(rounded) < classes_max;
    if (wanted[i] == ignored_label) continue;
    if (wanted[i] != std::trunc(wanted[i]) || std::abs(wanted[i]) >= classes_max) {
      throw Error(ErrorCode::invalid, "the metric " + evidence.metric +
                                          " wants classes as labels, not " +
                                          std::to_string(wanted[i]));
    }
    result.list.push_back(
        {is_class ? std::optional(static_cast<std::int64_t>(rounded)) : std::nullopt,
         static_cast<std::int64_t>(wanted[i])});
  }
  return result;
}

void add_accuracy(const Evidence& evidence, Sums& sums) {
  for (const auto& [prediction, label] : judge(evidence).list) count(sums, prediction == label);
}

void add_f1(const Evidence& evidence, Sums& sums) {
  const auto counter = [&sums](std::int64_t of_class, std::size_t which) -> std::int64_t& {
    const std::size_t start = static_cast<std::size_t>(of_class) * f1_counts_per_class;
    if (start >= sums.counts.size()) sums.counts.resize(start + f1_counts_per_class);
    return sums.counts[start + which];
  };
  const Judgements judgements = judge(evidence);
  sums.counts.resize(std::max(sums.counts.size(), judgements.classes * f1_counts_per_class));
  for (const auto& [prediction, label] : judgements.list) {
    if (label < 0) throw Error(ErrorCode::invalid, "F1 wants classes from 0 on as labels");
    if (prediction == label) {
      ++counter(label, 0);
      continue;
    }
    if (prediction && *prediction >= 0) ++counter(*prediction, 1);
    ++counter(label, 2);
  }
}

double f1_of(const Sums& sums, std::size_t of_class) {
  const std::size_t start = of_class * f1_counts_per_class;
  if (start >= sums.counts.size()) return 0;
  const auto hits = static_cast<double>(sums.counts[start]);
  const auto misses = static_cast<double>(sums.counts[start + 1] + sums.counts[start + 2]);
  return hits == 0 ? 0 : 2 * hits / (2 * hits + misses);
}

double f1(const Sums& sums) {
  const std::size_t classes = sums.counts.size() / f1_counts_per_class;
  if (classes <= 2) return f1_of(sums, 1);
  double total = 0;
  double seen = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    const auto* counts = &sums.counts[c * f1_counts_per_class];
    seen += counts[0] + counts[1] + counts[2] > 0 ? 1 : 0;
    total += f1_of(sums, c);
  }
  return total / seen;
}

void add_cross_entropy(const Evidence& evidence, Sums& sums) {
  const auto [scores, labels] = labelled(evidence);
  if (scores.classes() < 2) {
    throw Error(ErrorCode::invalid,
                "the metric " + evidence.metric + " wants the scores of two classes or more");
  }
  for (std::size_t position = 0; position < labels.size(); ++position) {
    if (labels[position] == ignored_label) continue;
    sums.totals[0] += scores.cross_entropy(position, labels[position]);
    sums.counts[0] += 1;
  }
}

void add_agreement(const Evidence& evidence, Sums& sums) {
  const auto& [name, output] = first_output(evidence.outputs);
  const Tensor& wanted = first_output(reference_of(evidence)).second;
  const std::size_t axis = class_axis(output.shape(), name);
  const ClassScores scores(output, axis, evidence.samples);
  const ClassScores reference(wanted, axis, evidence.samples);
  if (scores.classes() < 2) {
    throw Error(ErrorCode::invalid, "the output " + name + " of shape " +
                                        tensor::to_string(output.shape()) +
                                        " has one score per position, which always agrees; use "
                                        "`cosine` or `sqnr`");
  }
  for (std::size_t position = 0; position < scores.positions(); ++position) {
    const auto best = scores.best(position);
    count(sums, best.has_value() && best == reference.best(position));
  }
}

double share(const Sums& sums) {
  return static_cast<double>(sums.counts[0]) / static_cast<double>(sums.counts[1]);
}

double exponential_of_mean(const Sums& sums) {
  return std::exp(mean_of(sums));
}

}  // namespace

const std::vector<MetricKind>& class_metrics() {
  static const std::vector<MetricKind> kinds{
      {"topk", 2, 0, add_topk, share, 1, Bound::hits},
      {"Accuracy", 2, 0, add_accuracy, share, 1, Bound::hits},
      {"F1", 0, 0, add_f1, f1},
      {"Loss", 1, 1, add_cross_entropy, mean_of, 0, Bound::zeros},
      {"perplexity", 1, 1, add_cross_entropy, exponential_of_mean, 0, Bound::zeros},
      {"agreement", 2, 0, add_agreement, share, 1, Bound::hits}};
  return kinds;
}

}  // namespace ampd::data
