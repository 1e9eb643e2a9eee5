#include <algorithm>
#include <numeric>

#include "ampd/error.hpp"
#include "data/transform_kinds.hpp"
#include "data/transpose.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

FieldTransform make_identity(const job::Component&) {
  return [](const Field& field) { return field; };
}

FieldTransform make_transpose(const job::Component& component) {
  const auto permutation = component.parameters.at("perm").get<std::vector<std::int64_t>>();
  return [permutation, name = component.name](const Field& field) {
    return transposed(field, permutation, name);
  };
}

FieldTransform make_to_tensor(const job::Component& component) {
  return [name = component.name](const Field& field) {
    const Field image = channels_first(field, name);
    return image.value.dtype() == DType::u8 ? rescaled(image) : image;
  };
}

/// Luma by ITU-R BT.601, as OpenCV weighs it: for bytes in 15-bit fixed point.
std::uint8_t grey(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>((red * 9798 + green * 19235 + blue * 3735 + (1 << 14)) >> 15);
}
float grey(float red, float green, float blue) {
  return 0.299F * red + 0.587F * green + 0.114F * blue;
}

/// Pixels with the channels last, brought from one count of channels to another.
template <class T>
void align(std::span<const T> from, std::int64_t from_channels, std::span<T> to,
           std::int64_t to_channels) {
  const auto step_from = static_cast<std::size_t>(from_channels);
  const auto step_to = static_cast<std::size_t>(to_channels);
  for (std::size_t pixel = 0; pixel * step_to < to.size(); ++pixel) {
    const auto source = from.subspan(pixel * step_from, step_from);
    const auto target = to.subspan(pixel * step_to, step_to);
    if (from_channels == 1) {
      std::ranges::fill(target, source[0]);
    } else if (to_channels == 1) {
      target[0] = grey(source[0], source[1], source[2]);
    } else {
      std::copy_n(source.begin(), step_to, target.begin());
    }
  }
}

Field aligned(const Field& field, std::int64_t channels, const std::string& transform) {
  const Shape& shape = field.value.shape();
  if (shape.size() == 2) {
    return aligned({field.value.reshaped({shape[0], shape[1], 1}), 2}, channels, transform);
  }
  const bool is_image = shape.size() == 3 && (field.channel_axis == 0 || field.channel_axis == 2);
  const std::int64_t found = is_image ? shape[static_cast<std::size_t>(field.channel_axis)] : 0;
  if (found == channels) return field;
  if (!(found == 1 || (found == 3 && channels == 1) || (found == 4 && channels == 3))) {
    throw Error(ErrorCode::invalid, transform + " cannot make " + std::to_string(channels) +
                                        " channels of samples of shape " +
                                        tensor::to_string(shape));
  }
  if (field.channel_axis == 0) {
    return transposed(aligned(transposed(field, {1, 2, 0}, transform), channels, transform),
                      {2, 0, 1}, transform);
  }
  const bool is_bytes = field.value.dtype() == DType::u8;
  const Tensor source = is_bytes ? field.value : convert(field.value, DType::f32);
  Tensor target(source.dtype(), {shape[0], shape[1], channels});
  if (is_bytes) {
    align(source.values<std::uint8_t>(), found, target.mutable_values<std::uint8_t>(), channels);
  } else {
    align(source.values<float>(), found, target.mutable_values<float>(), channels);
  }
  return {target, 2};
}

FieldTransform make_align_image_channel(const job::Component& component) {
  const auto channels = component.parameters.at("dim").get<std::int64_t>();
  return [channels, name = component.name](const Field& field) {
    return aligned(field, channels, name);
  };
}

bool is_permutation_of_axes(std::vector<std::int64_t> permutation, std::size_t rank) {
  std::vector<std::int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  std::ranges::sort(permutation);
  return permutation == axes;
}

}  // namespace

Field transposed(const Field& field, const std::vector<std::int64_t>& permutation,
                 const std::string& transform) {
  const Shape& shape = field.value.shape();
  if (!is_permutation_of_axes(permutation, shape.size())) {
    throw Error(ErrorCode::invalid,
                transform + "'s perm must name each of the " + std::to_string(shape.size()) +
                    " axes of the samples (shape " + tensor::to_string(shape) + ") once");
  }
  const auto channel = std::ranges::find(permutation, field.channel_axis);
  return {transpose(field.value, permutation), channel - permutation.begin()};
}

Field channels_first(const Field& field, const std::string& transform) {
  const Shape& shape = field.value.shape();
  if (shape.size() == 2) return {field.value.reshaped({1, shape[0], shape[1]}), 0};
  if (shape.size() != 3) {
    throw Error(ErrorCode::invalid, transform +
                                        " wants images of two or three axes, but the samples are " +
                                        tensor::to_string(shape));
  }
  return field.channel_axis == 2 ? transposed(field, {2, 0, 1}, transform) : field;
}

const std::map<std::string, TransformMaker>& axis_transforms() {
  static const std::map<std::string, TransformMaker> makers{
      {"Transpose", make_transpose},
      {"ToTensor", make_to_tensor},
      {"AlignImageChannel", make_align_image_channel},
      {"ToArray", make_identity},
      {"ToNDArray", make_identity},
      {"ToPILImage", make_identity}};
  return makers;
}

}  // namespace ampd::data
