// A model's output as scores of classes: for every position of every sample, one score per class.
//
// A position is what gets a label: the whole sample, a character of a text, a pixel of an image.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"

namespace ampd::data {

/// Positions with this label do not count, as in PyTorch.
inline constexpr std::int64_t ignored_label = -100;

class ClassScores {
 public:
  /// The first `samples` rows of an output whose classes lie on `axis`.
  ClassScores(const tensor::Tensor& output, std::size_t axis, std::int64_t samples);

  std::size_t positions() const { return outer_ * inner_; }
  std::size_t classes() const { return classes_; }

  double score(std::size_t position, std::size_t of_class) const {
    return values_[(position / inner_ * classes_ + of_class) * inner_ + position % inner_];
  }

  /// The class with the highest score, the lowest of equal ones; none where a score is not a
  /// number.
  std::optional<std::int64_t> best(std::size_t position) const;

  /// How many classes stand before `label`: those with a higher score, with an equal one and a
  /// lower index, or with one that is not a number. All, if its own is not a number.
  std::size_t place(std::size_t position, std::int64_t label) const;

  /// -log(softmax(scores)[label]).
  double cross_entropy(std::size_t position, std::int64_t label) const;

 private:
  std::vector<double> values_;
  std::size_t outer_ = 1;
  std::size_t classes_ = 1;
  std::size_t inner_ = 1;
};

/// The class axis of an output that nothing is known about: the last of three axes, else the
/// second. Throws Error(invalid) when there are fewer than two.
std::size_t class_axis(const tensor::Shape& output, const std::string& name);

/// The axis that the labels lack, the last one if several fit; axes of extent 1 are not compared.
/// Labels of the output's own shape are one-hot. Throws Error(invalid) naming both shapes.
std::size_t class_axis(const tensor::Shape& output, const tensor::Shape& labels,
                       const std::string& name);

/// Whether labels and outputs have the same shape, but for batches and axes of extent 1.
bool is_same_shape(const tensor::Shape& output, const tensor::Shape& labels);

/// The label of each position: a class of `scores` or ignored_label. Throws Error(invalid) for
/// others.
std::vector<std::int64_t> class_labels(const tensor::Tensor& labels, const ClassScores& scores,
                                       std::size_t axis, std::int64_t samples);

/// The first `samples` rows of a tensor as doubles. Throws Error(invalid) when it has fewer.
std::vector<double> rows_of(const tensor::Tensor& tensor, std::int64_t samples);

}  // namespace ampd::data
