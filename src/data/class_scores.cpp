#include "data/class_scores.hpp"

#include <algorithm>
#include <cmath>

#include "ampd/error.hpp"
#include "base/check.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Without the batch, without axes of extent 1.
Shape essential(const Shape& shape) {
  Shape result;
  for (std::size_t axis = 1; axis < shape.size(); ++axis) {
    if (shape[axis] != 1) result.push_back(shape[axis]);
  }
  return result;
}

Shape without(Shape shape, std::size_t axis) {
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  return shape;
}

std::size_t product(const Shape& shape, std::size_t first, std::size_t end) {
  std::size_t result = 1;
  for (std::size_t axis = first; axis < end; ++axis) {
    result *= static_cast<std::size_t>(shape[axis]);
  }
  return result;
}

std::int64_t whole(double label) {
  if (label != std::trunc(label) || std::abs(label) > 0x1p53) {
    throw Error(ErrorCode::invalid, "the label " + std::to_string(label) + " is not a class");
  }
  return static_cast<std::int64_t>(label);
}

}  // namespace

std::vector<double> rows_of(const Tensor& tensor, std::int64_t samples) {
  if (tensor.shape().empty() || tensor.shape().front() < samples) {
    throw Error(ErrorCode::invalid, "outputs or labels of shape " +
                                        tensor::to_string(tensor.shape()) +
                                        " do not have a row for each of the batch's " +
                                        std::to_string(samples) + " samples");
  }
  const Tensor doubles = convert(tensor, DType::f64);
  const std::size_t count =
      static_cast<std::size_t>(samples) * product(tensor.shape(), 1, tensor.shape().size());
  const auto values = doubles.values<double>().first(count);
  return {values.begin(), values.end()};
}

ClassScores::ClassScores(const Tensor& output, std::size_t axis, std::int64_t samples)
    : values_(rows_of(output, samples)) {
  const Shape& shape = output.shape();
  AMPD_CHECK(axis >= 1 && axis < shape.size());
  outer_ = static_cast<std::size_t>(samples) * product(shape, 1, axis);
  classes_ = static_cast<std::size_t>(shape[axis]);
  inner_ = product(shape, axis + 1, shape.size());
}

std::optional<std::int64_t> ClassScores::best(std::size_t position) const {
  std::optional<std::int64_t> best;
  double highest = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    const double value = score(position, c);
    if (std::isnan(value)) return std::nullopt;
    if (best && value <= highest) continue;
    best = static_cast<std::int64_t>(c);
    highest = value;
  }
  return best;
}

std::size_t ClassScores::place(std::size_t position, std::int64_t label) const {
  const auto own_class = static_cast<std::size_t>(label);
  const double own = score(position, own_class);
  if (std::isnan(own)) return classes_;
  std::size_t before = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    const double value = score(position, c);
    before += !(value <= own) || (value == own && c < own_class) ? 1 : 0;
  }
  return before;
}

double ClassScores::cross_entropy(std::size_t position, std::int64_t label) const {
  double highest = score(position, 0);
  for (std::size_t c = 1; c < classes_; ++c) highest = std::max(highest, score(position, c));
  double sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += std::exp(score(position, c) - highest);
  return std::log(sum) + highest - score(position, static_cast<std::size_t>(label));
}

std::size_t class_axis(const Shape& output, const std::string& name) {
  if (output.size() < 2) {
    throw Error(ErrorCode::invalid, "the output " + name + " of shape " +
                                        tensor::to_string(output) + " has no axis of classes");
  }
  return output.size() == 3 ? 2 : 1;
}

std::size_t class_axis(const Shape& output, const Shape& labels, const std::string& name) {
  std::vector<std::size_t> candidates;
  for (std::size_t axis = 1; axis < output.size(); ++axis) candidates.push_back(axis);
  if (!candidates.empty()) {
    std::ranges::rotate(candidates, candidates.end() - 1);
  }
  for (const std::size_t axis : candidates) {
    if (essential(without(output, axis)) == essential(labels)) return axis;
  }
  if (is_same_shape(output, labels)) return class_axis(output, name);
  throw Error(ErrorCode::invalid, "labels of shape " + tensor::to_string(labels) +
                                      " do not fit the output " + name + " of shape " +
                                      tensor::to_string(output) +
                                      "; they must have its shape without the axis of classes");
}

bool is_same_shape(const Shape& output, const Shape& labels) {
  return !output.empty() && !labels.empty() && essential(output) == essential(labels);
}

std::vector<std::int64_t> class_labels(const Tensor& labels, const ClassScores& scores,
                                       std::size_t axis, std::int64_t samples) {
  const std::vector<double> values = rows_of(labels, samples);
  std::vector<std::int64_t> result;
  if (values.size() == scores.positions()) {
    std::ranges::transform(values, std::back_inserter(result), whole);
  } else {
    const ClassScores one_hot(labels, axis, samples);
    for (std::size_t position = 0; position < one_hot.positions(); ++position) {
      result.push_back(one_hot.best(position).value_or(-1));
    }
  }
  for (const std::int64_t label : result) {
    if (label == ignored_label) continue;
    if (label < 0 || label >= static_cast<std::int64_t>(scores.classes())) {
      throw Error(ErrorCode::invalid,
                  "the label " + std::to_string(label) + " is not one of the output's " +
                      std::to_string(scores.classes()) +
                      " classes, which are counted from 0; LabelShift may help");
    }
  }
  return result;
}

}  // namespace ampd::data
