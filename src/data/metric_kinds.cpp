#include "data/metric_kinds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ampd/error.hpp"
#include "data/class_scores.hpp"

namespace ampd::data {
namespace {

using tensor::Shape;
using tensor::Tensor;

/// Beyond what float32 can tell apart; what equal outputs are given in place of infinity.
constexpr double sqnr_max_db = 200;

constexpr std::int64_t classes_max = 1 << 20;

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

std::vector<Judgement> judgements(const Evidence& evidence) {
  const auto& [name, output] = first_output(evidence.outputs);
  const Tensor& labels = labels_of(evidence);
  std::vector<Judgement> result;
  if (!is_same_shape(output.shape(), labels.shape())) {
    const auto [scores, classes] = labelled(evidence);
    for (std::size_t position = 0; position < classes.size(); ++position) {
      if (classes[position] == ignored_label) continue;
      result.push_back({scores.best(position), classes[position]});
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
    result.push_back({is_class ? std::optional(static_cast<std::int64_t>(rounded)) : std::nullopt,
                      static_cast<std::int64_t>(wanted[i])});
  }
  return result;
}

void add_accuracy(const Evidence& evidence, Sums& sums) {
  for (const auto& [prediction, label] : judgements(evidence)) count(sums, prediction == label);
}

void add_f1(const Evidence& evidence, Sums& sums) {
  const auto counter = [&sums](std::int64_t of_class, std::size_t which) -> std::int64_t& {
    const std::size_t start = static_cast<std::size_t>(of_class) * f1_counts_per_class;
    if (start >= sums.counts.size()) sums.counts.resize(start + f1_counts_per_class);
    return sums.counts[start + which];
  };
  for (const auto& [prediction, label] : judgements(evidence)) {
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

/// Rows of an output and of what it is compared with.
struct Pair {
  std::vector<double> values;
  std::vector<double> wanted;
};

Pair pair_of(const Evidence& evidence, const std::string& name, const Tensor& output,
             const Tensor& wanted) {
  if (!is_same_shape(output.shape(), wanted.shape())) {
    throw Error(ErrorCode::invalid, "the output " + name + " of shape " +
                                        tensor::to_string(output.shape()) +
                                        " cannot be compared with values of shape " +
                                        tensor::to_string(wanted.shape()));
  }
  return {rows_of(output, evidence.samples), rows_of(wanted, evidence.samples)};
}

/// The first output with the labels, or every floating-point output with the reference's.
std::vector<Pair> pairs_of(const Evidence& evidence, bool with_labels) {
  if (with_labels) {
    const auto& [name, output] = first_output(evidence.outputs);
    return {pair_of(evidence, name, output, labels_of(evidence))};
  }
  const Outputs& reference = reference_of(evidence);
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < evidence.outputs.size() && i < reference.size(); ++i) {
    const auto& [name, output] = evidence.outputs[i];
    if (!tensor::is_floating(output.dtype())) continue;
    pairs.push_back(pair_of(evidence, name, output, reference[i].second));
  }
  if (pairs.empty()) {
    throw Error(ErrorCode::invalid,
                "the metric " + evidence.metric + " wants an output of floating-point numbers");
  }
  return pairs;
}

/// Calls `visit(sample, value, wanted)` for all elements, sample by sample.
template <class Visit>
void compare(const Evidence& evidence, bool with_labels, Visit&& visit) {
  const std::vector<Pair> pairs = pairs_of(evidence, with_labels);
  const auto samples = static_cast<std::size_t>(evidence.samples);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    for (const auto& [values, wanted] : pairs) {
      const std::size_t row = values.size() / samples;
      for (std::size_t i = sample * row; i < (sample + 1) * row; ++i) {
        visit(sample, values[i], wanted[i]);
      }
    }
  }
}

template <class Measure>
void add_errors(const Evidence& evidence, Sums& sums, Measure&& measure) {
  const bool with_labels = evidence.parameters.value("compare_label", true);
  compare(evidence, with_labels, [&](std::size_t, double value, double wanted) {
    sums.totals[0] += measure(value - wanted);
    sums.counts[0] += 1;
  });
}

void add_squared_errors(const Evidence& evidence, Sums& sums) {
  add_errors(evidence, sums, [](double error) { return error * error; });
}

void add_absolute_errors(const Evidence& evidence, Sums& sums) {
  add_errors(evidence, sums, [](double error) { return std::abs(error); });
}

void add_agreement(const Evidence& evidence, Sums& sums) {
  const auto& [name, output] = first_output(evidence.outputs);
  const Tensor& wanted = first_output(reference_of(evidence)).second;
  const std::size_t axis = class_axis(output.shape(), name);
  const ClassScores scores(output, axis, evidence.samples);
  const ClassScores reference(wanted, axis, evidence.samples);
  for (std::size_t position = 0; position < scores.positions(); ++position) {
    const auto best = scores.best(position);
    count(sums, best.has_value() && best == reference.best(position));
  }
}

/// Dot product and squared lengths of one sample's outputs, all of them taken as one vector.
struct Angle {
  double product = 0;
  double length = 0;
  double wanted_length = 0;

  double cosine() const {
    if (length == 0 && wanted_length == 0) return 1;
    if (length == 0 || wanted_length == 0) return 0;
    return product / (std::sqrt(length) * std::sqrt(wanted_length));
  }
};

void add_cosine(const Evidence& evidence, Sums& sums) {
  std::vector<Angle> angles(static_cast<std::size_t>(evidence.samples));
  compare(evidence, false, [&](std::size_t sample, double value, double wanted) {
    Angle& angle = angles[sample];
    angle.product += value * wanted;
    angle.length += value * value;
    angle.wanted_length += wanted * wanted;
  });
  for (const Angle& angle : angles) {
    sums.totals[0] += angle.cosine();
    sums.counts[0] += 1;
  }
}

void add_noise(const Evidence& evidence, Sums& sums) {
  compare(evidence, false, [&](std::size_t, double value, double wanted) {
    const double error = value - wanted;
    sums.totals[0] += wanted * wanted;
    sums.totals[1] += error * error;
    sums.counts[0] += 1;
  });
}

double sqnr(const Sums& sums) {
  if (sums.totals[1] == 0) return sqnr_max_db;
  const double decibels = 10 * std::log10(sums.totals[0] / sums.totals[1]);
  return std::isnan(decibels) ? decibels : std::clamp(decibels, -sqnr_max_db, sqnr_max_db);
}

double share(const Sums& sums) {
  return static_cast<double>(sums.counts[0]) / static_cast<double>(sums.counts[1]);
}

double mean(const Sums& sums) {
  return sums.totals[0] / static_cast<double>(sums.counts[0]);
}

double root_of_mean(const Sums& sums) {
  return std::sqrt(mean(sums));
}

double exponential_of_mean(const Sums& sums) {
  return std::exp(mean(sums));
}

const std::vector<MetricKind>& kinds() {
  static const std::vector<MetricKind> table{
      {"topk", 2, 0, add_topk, share},
      {"Accuracy", 2, 0, add_accuracy, share},
      {"F1", 0, 0, add_f1, f1},
      {"MSE", 1, 1, add_squared_errors, mean},
      {"MAE", 1, 1, add_absolute_errors, mean},
      {"RMSE", 1, 1, add_squared_errors, root_of_mean},
      {"Loss", 1, 1, add_cross_entropy, mean},
      {"perplexity", 1, 1, add_cross_entropy, exponential_of_mean},
      {"agreement", 2, 0, add_agreement, share},
      {"cosine", 1, 1, add_cosine, mean},
      {"sqnr", 1, 2, add_noise, sqnr}};
  return table;
}

}  // namespace

const MetricKind& metric_kind(const std::string& name) {
  const auto found = std::ranges::find(kinds(), name, &MetricKind::name);
  if (found != kinds().end()) return *found;
  throw Error(ErrorCode::unsupported, "the metric " + name + " is not offered");
}

}  // namespace ampd::data
