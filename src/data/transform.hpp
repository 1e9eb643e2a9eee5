// What happens to a sample between its dataset and the model.
//
// Every transform acts on all inputs of a sample and knows their channel axis; the ones that deal
// in height and width want three axes. Arithmetic is float32, as INC's is with NumPy. The random
// ones draw from the seed and the sample's index alone, so a sample is the same in every epoch, on
// every machine and from any batch on.
#pragma once

#include <cstdint>
#include <functional>

#include "data/dataset.hpp"

namespace ampd::data {

/// May be called from any thread. Throws Error(invalid) naming the transform and the shape that
/// does not fit it.
using Transform = std::function<void(Sample& sample, std::int64_t index)>;

/// A transform of the catalogue.
Transform make_transform(const job::Component& component, std::uint64_t seed);

/// A transform of labels after the model has run: LabelShift.
tensor::Tensor postprocess(const std::vector<job::Component>& components, tensor::Tensor labels);

}  // namespace ampd::data
