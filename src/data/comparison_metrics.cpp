#include <algorithm>
#include <cmath>

#include "ampd/error.hpp"
#include "data/class_scores.hpp"
#include "data/metric_kinds.hpp"

namespace ampd::data {
namespace {

using tensor::Tensor;

/// Beyond what float32 can tell apart; what equal outputs are given in place of infinity.
constexpr double sqnr_max_db = 200;

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

double root_of_mean(const Sums& sums) {
  return std::sqrt(mean_of(sums));
}

}  // namespace

const std::vector<MetricKind>& comparison_metrics() {
  static const std::vector<MetricKind> kinds{
      {"MSE", 1, 1, add_squared_errors, mean_of, 0, Bound::zeros},
      {"MAE", 1, 1, add_absolute_errors, mean_of, 0, Bound::zeros},
      {"RMSE", 1, 1, add_squared_errors, root_of_mean, 0, Bound::zeros},
      {"cosine", 1, 1, add_cosine, mean_of, 0, Bound::ones},
      {"sqnr", 1, 2, add_noise, sqnr}};
  return kinds;
}

}  // namespace ampd::data
