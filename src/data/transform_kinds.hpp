// The makers behind make_transform, by what the transforms deal in.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "data/dataset.hpp"

namespace ampd::data {

using FieldTransform = std::function<Field(const Field& field)>;

/// Makes a transform of a component of the catalogue.
using TransformMaker = std::function<FieldTransform(const job::Component& component)>;

/// Those that compute values: Rescale, Normalize, Cast, QuantizedInput.
const std::map<std::string, TransformMaker>& value_transforms();

/// Those that arrange axes and channels: Transpose, ToTensor, AlignImageChannel.
const std::map<std::string, TransformMaker>& axis_transforms();

/// Those that resize and crop.
const std::map<std::string, TransformMaker>& geometry_transforms();

/// (value - mean) / std in float32; a list of one serves all channels.
Field normalised(const Field& field, const std::vector<float>& mean, const std::vector<float>& std,
                 const std::string& transform);

/// The values in float32, divided by 255.
Field rescaled(const Field& field);

/// The axes in the order of `permutation`.
Field transposed(const Field& field, const std::vector<std::int64_t>& permutation,
                 const std::string& transform);

/// Images with the channels first.
Field channels_first(const Field& field, const std::string& transform);

}  // namespace ampd::data
