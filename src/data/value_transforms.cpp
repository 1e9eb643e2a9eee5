#include <algorithm>
#include <cmath>
#include <limits>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "data/transform_kinds.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Tensor;

/// A float32 copy that may be changed.
Tensor float_copy(const Tensor& value) {
  Tensor copy(DType::f32, value.shape());
  const Tensor floats = convert(value, DType::f32);
  std::ranges::copy(floats.values<float>(), copy.mutable_values<float>().begin());
  return copy;
}

FieldTransform make_rescale(const job::Component&) {
  return rescaled;
}

FieldTransform make_normalize(const job::Component& component) {
  const nlohmann::json& parameters = component.parameters;
  const auto mean = parameters.at("mean").get<std::vector<float>>();
  const auto std = parameters.at("std").get<std::vector<float>>();
  const auto rescale = parameters.value("rescale", std::vector<float>{1, 0});
  if (rescale.size() != 2 || rescale[0] == 0) {
    throw Error(ErrorCode::invalid, component.name +
                                        "'s rescale must be two numbers, the first "
                                        "of which is not 0");
  }
  return [=, name = component.name](const Field& field) {
    Field result = normalised(field, mean, std, name);
    if (rescale != std::vector<float>{1, 0}) {
      for (float& value : result.value.mutable_values<float>()) {
        value = value / rescale[0] - rescale[1];
      }
    }
    return result;
  };
}

FieldTransform make_cast(const job::Component& component) {
  const auto dtype = tensor::parse_dtype(component.parameters.at("dtype").get<std::string>());
  AMPD_CHECK(dtype.has_value());
  return [dtype = *dtype](const Field& field) {
    return Field{convert(field.value, dtype), field.channel_axis};
  };
}

template <class T>
Tensor truncated(const Tensor& floats) {
  Tensor result(tensor::dtype_of<T>(), floats.shape());
  std::ranges::transform(
      floats.values<float>(), result.mutable_values<T>().begin(), [](float value) {
        const auto least = static_cast<float>(std::numeric_limits<T>::min());
        const auto greatest = static_cast<float>(std::numeric_limits<T>::max());
        return std::isnan(value) ? T{} : static_cast<T>(std::clamp(value, least, greatest));
      });
  return result;
}

FieldTransform make_quantized_input(const job::Component& component) {
  if (!component.parameters.contains("scale")) return [](const Field& field) { return field; };
  const auto scale = component.parameters.at("scale").get<float>();
  const bool is_unsigned = component.parameters.at("dtype") == "uint8";
  return [=](const Field& field) {
    Tensor floats = float_copy(field.value);
    for (float& value : floats.mutable_values<float>()) {
      value = value * scale + (is_unsigned ? 128.0F : 0.0F);
    }
    return Field{is_unsigned ? truncated<std::uint8_t>(floats) : truncated<std::int8_t>(floats),
                 field.channel_axis};
  };
}

float per_channel(const std::vector<float>& list, std::size_t channel) {
  return list.size() == 1 ? list[0] : list[channel];
}

void check_channels(const Field& field, const std::vector<float>& list, const char* what,
                    const std::string& transform) {
  const tensor::Shape& shape = field.value.shape();
  if (list.size() == 1) return;
  const auto axis = static_cast<std::size_t>(field.channel_axis);
  if (axis < shape.size() && static_cast<std::int64_t>(list.size()) == shape[axis]) return;
  throw Error(ErrorCode::invalid, transform + " has " + std::to_string(list.size()) +
                                      " numbers for the " + what + ", but the samples are " +
                                      tensor::to_string(shape) + " with their channels on axis " +
                                      std::to_string(axis) +
                                      "; give one number or one per channel");
}

}  // namespace

Field rescaled(const Field& field) {
  Field result{float_copy(field.value), field.channel_axis};
  for (float& value : result.value.mutable_values<float>()) value /= 255.0F;
  return result;
}

Field normalised(const Field& field, const std::vector<float>& mean, const std::vector<float>& std,
                 const std::string& transform) {
  check_channels(field, mean, "mean", transform);
  check_channels(field, std, "std", transform);
  Field result{float_copy(field.value), field.channel_axis};
  const tensor::Shape& shape = result.value.shape();
  const auto axis = static_cast<std::size_t>(field.channel_axis);
  const auto channels = axis < shape.size() ? static_cast<std::size_t>(shape[axis]) : 1;
  std::size_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<std::size_t>(shape[i]);
  const auto values = result.value.mutable_values<float>();
  for (std::size_t start = 0; start < values.size(); start += inner) {
    const std::size_t channel = start / inner % channels;
    const float channel_mean = per_channel(mean, channel);
    const float channel_std = per_channel(std, channel);
    for (float& value : values.subspan(start, inner)) {
      value = (value - channel_mean) / channel_std;
    }
  }
  return result;
}

const std::map<std::string, TransformMaker>& value_transforms() {
  static const std::map<std::string, TransformMaker> makers{
      {"Rescale", make_rescale},
      {"Normalize", make_normalize},
      {"Cast", make_cast},
      {"QuantizedInput", make_quantized_input}};
  return makers;
}

}  // namespace ampd::data
