// What happens to a sample between its dataset and the model.
//
// Every transform acts on all inputs of a sample and knows their channel axis; the ones that deal
// in height and width want images, three axes with the channels first or last. Arithmetic is
// float32, as PyTorch's and OpenCV's is.
#pragma once

#include <functional>
#include <vector>

#include "data/dataset.hpp"

namespace ampd::data {

/// May be called from any thread. Throws Error(invalid) naming the transform and the shape that
/// does not fit it.
using Transform = std::function<void(Sample& sample)>;

/// A transform of the catalogue.
Transform make_transform(const job::Component& component);

/// The labels as the metric wants them: LabelShift. Throws Error(invalid) for labels that are not
/// integers.
tensor::Tensor postprocess(const std::vector<job::Component>& components, tensor::Tensor labels);

}  // namespace ampd::data
