#include <algorithm>
#include <cmath>
#include <cstring>

#include "ampd/error.hpp"
#include "data/resize.hpp"
#include "data/transform_kinds.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

struct Extent {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

struct Corner {
  std::int64_t top = 0;
  std::int64_t left = 0;
};

/// Images have three axes, the channels first or last.
std::size_t height_axis(const Field& image) {
  return image.channel_axis == 0 ? 1 : 0;
}

Extent extent_of(const Field& field, const std::string& transform) {
  const Shape& shape = field.value.shape();
  if (shape.size() != 3 || field.channel_axis == 1 || field.value.size() == 0) {
    throw Error(ErrorCode::invalid, transform +
                                        " wants images (height x width x channels, or channels "
                                        "first), but the samples are " +
                                        tensor::to_string(shape));
  }
  return {shape[height_axis(field)], shape[height_axis(field) + 1]};
}

std::string to_string(const Extent& extent) {
  return std::to_string(extent.height) + "x" + std::to_string(extent.width);
}

/// Copies a rectangle from one image to another of the same channels.
void copy_rectangle(const Field& from, Corner from_corner, Field& to, Corner to_corner,
                    Extent extent) {
  const std::size_t axis = height_axis(from);
  const Shape from_strides = tensor::row_major_strides(from.value.shape());
  const Shape to_strides = tensor::row_major_strides(to.value.shape());
  const std::int64_t planes = axis == 1 ? from.value.shape()[0] : 1;
  const std::int64_t width_bytes = tensor::size_bytes(from.value.dtype());
  const auto offset = [&](const Shape& strides, std::int64_t plane, std::int64_t y,
                          std::int64_t x) {
    const std::int64_t plane_elements = axis == 1 ? plane * strides[0] : 0;
    return (plane_elements + y * strides[axis] + x * strides[axis + 1]) * width_bytes;
  };
  const std::int64_t row_bytes = extent.width * from_strides[axis + 1] * width_bytes;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < extent.height; ++y) {
      std::memcpy(to.value.mutable_bytes().data() +
                      offset(to_strides, plane, to_corner.top + y, to_corner.left),
                  from.value.bytes().data() +
                      offset(from_strides, plane, from_corner.top + y, from_corner.left),
                  static_cast<std::size_t>(row_bytes));
    }
  }
}

Shape with_extent(const Field& image, Extent extent) {
  Shape shape = image.value.shape();
  shape[height_axis(image)] = extent.height;
  shape[height_axis(image) + 1] = extent.width;
  return shape;
}

Field crop(const Field& image, Corner corner, Extent extent, const std::string& transform) {
  const Extent whole = extent_of(image, transform);
  if (corner.top < 0 || corner.left < 0 || corner.top + extent.height > whole.height ||
      corner.left + extent.width > whole.width) {
    throw Error(ErrorCode::invalid, transform + " wants " + to_string(extent) + " pixels at (" +
                                        std::to_string(corner.top) + ", " +
                                        std::to_string(corner.left) + "), but an image is only " +
                                        to_string(whole) + "; resize it before");
  }
  Field result{Tensor(image.value.dtype(), with_extent(image, extent)), image.channel_axis};
  copy_rectangle(image, corner, result, {}, extent);
  return result;
}

Field centre_crop(const Field& image, Extent extent, const std::string& transform) {
  const Extent whole = extent_of(image, transform);
  if (extent.height > whole.height || extent.width > whole.width) {
    throw Error(ErrorCode::invalid, transform + " wants " + to_string(extent) +
                                        " pixels, but an image is only " + to_string(whole) +
                                        "; resize it before");
  }
  return crop(image, {(whole.height - extent.height) / 2, (whole.width - extent.width) / 2}, extent,
              transform);
}

Field resized(const Field& image, Extent extent, Interpolation interpolation,
              const std::string& transform) {
  const Extent whole = extent_of(image, transform);
  if (extent.height < 1 || extent.width < 1) {
    throw Error(ErrorCode::invalid, transform + " would shrink an image of " + to_string(whole) +
                                        " pixels to " + to_string(extent));
  }
  return {resize(image.value, image.channel_axis, extent.height, extent.width, interpolation),
          image.channel_axis};
}

/// In the middle of a square of `side`, filled with `value` around it.
Field padded(const Field& image, std::int64_t side, std::int64_t value,
             const std::string& transform) {
  const Extent whole = extent_of(image, transform);
  const Tensor fill = convert(Tensor::of<std::int64_t>({}, {value}), image.value.dtype());
  Field result{Tensor(image.value.dtype(), with_extent(image, {side, side})), image.channel_axis};
  const auto bytes = result.value.mutable_bytes();
  for (std::size_t at = 0; at < bytes.size(); at += fill.bytes().size()) {
    std::memcpy(bytes.data() + at, fill.bytes().data(), fill.bytes().size());
  }
  copy_rectangle(image, {}, result, {(side - whole.height) / 2, (side - whole.width) / 2}, whole);
  return result;
}

Interpolation interpolation_of(const std::string& word) {
  if (word == "nearest") return Interpolation::nearest;
  return word == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear;
}

Extent size_of(const nlohmann::json& parameters) {
  const nlohmann::json& size = parameters.at("size");
  return {size.at(0).get<std::int64_t>(), size.at(1).get<std::int64_t>()};
}

Extent height_and_width(const nlohmann::json& parameters) {
  return {parameters.at("height").get<std::int64_t>(), parameters.at("width").get<std::int64_t>()};
}

FieldTransform make_resize(const job::Component& component) {
  return [name = component.name, size = size_of(component.parameters),
          interpolation = interpolation_of(component.parameters.at("interpolation"))](
             const Field& field) { return resized(field, size, interpolation, name); };
}

FieldTransform make_center_crop(const job::Component& component) {
  return [name = component.name, size = size_of(component.parameters)](const Field& field) {
    return centre_crop(field, size, name);
  };
}

FieldTransform make_padded_center_crop(const job::Component& component) {
  const Extent size = size_of(component.parameters);
  if (size.height != size.width) {
    throw Error(ErrorCode::invalid,
                component.name + "'s size must be a square, not " + to_string(size));
  }
  const auto padding = component.parameters.at("crop_padding").get<std::int64_t>();
  return [=, name = component.name](const Field& field) {
    const Extent whole = extent_of(field, name);
    const std::int64_t side =
        size.height * std::min(whole.height, whole.width) / (size.height + padding);
    const Corner corner{(whole.height - side + 1) / 2, (whole.width - side + 1) / 2};
    return crop(field, corner, {side, side}, name);
  };
}

FieldTransform make_crop_resize(const job::Component& component) {
  const nlohmann::json& parameters = component.parameters;
  const Corner corner{parameters.at("y").get<std::int64_t>(),
                      parameters.at("x").get<std::int64_t>()};
  return
      [=, name = component.name, extent = height_and_width(parameters), size = size_of(parameters),
       interpolation = interpolation_of(parameters.at("interpolation"))](const Field& field) {
        return resized(crop(field, corner, extent, name), size, interpolation, name);
      };
}

FieldTransform make_crop_to_bounding_box(const job::Component& component) {
  const nlohmann::json& parameters = component.parameters;
  const Corner corner{parameters.at("offset_height").get<std::int64_t>(),
                      parameters.at("offset_width").get<std::int64_t>()};
  const Extent extent{parameters.at("target_height").get<std::int64_t>(),
                      parameters.at("target_width").get<std::int64_t>()};
  return
      [=, name = component.name](const Field& field) { return crop(field, corner, extent, name); };
}

/// Half to even, as Python's round.
std::int64_t scaled(std::int64_t side, double scale) {
  return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(side) * scale));
}

FieldTransform make_resize_with_ratio(const job::Component& component) {
  const auto least = component.parameters.at("min_dim").get<double>();
  const auto most = component.parameters.at("max_dim").get<std::int64_t>();
  const bool is_padded = component.parameters.at("padding");
  const auto fill = component.parameters.at("constant_value").get<std::int64_t>();
  return [=, name = component.name](const Field& field) {
    const Extent whole = extent_of(field, name);
    const std::int64_t longer = std::max(whole.height, whole.width);
    double scale = std::max(1.0, least / static_cast<double>(std::min(whole.height, whole.width)));
    if (scaled(longer, scale) > most) {
      scale = static_cast<double>(most) / static_cast<double>(longer);
    }
    const Extent extent{scaled(whole.height, scale), scaled(whole.width, scale)};
    const Field image = scale == 1 ? field : resized(field, extent, Interpolation::bilinear, name);
    return is_padded ? padded(image, most, fill, name) : image;
  };
}

FieldTransform make_resize_with_aspect_ratio(const job::Component& component) {
  const Extent crop_size = height_and_width(component.parameters);
  const auto percent = component.parameters.at("scale").get<double>();
  const Extent least{
      static_cast<std::int64_t>(100.0 * static_cast<double>(crop_size.height) / percent),
      static_cast<std::int64_t>(100.0 * static_cast<double>(crop_size.width) / percent)};
  return [=, name = component.name](const Field& field) {
    const Extent whole = extent_of(field, name);
    const Extent extent = whole.height > whole.width
                              ? Extent{least.height * whole.height / whole.width, least.width}
                              : Extent{least.height, least.width * whole.width / whole.height};
    return resized(field, extent, Interpolation::area, name);
  };
}

FieldTransform make_bilinear_imagenet(const job::Component& component) {
  const nlohmann::json& parameters = component.parameters;
  const auto fraction = parameters.at("central_fraction").get<double>();
  const auto mean = parameters.at("mean_value").get<std::vector<float>>();
  const auto scale = parameters.at("scale").get<float>();
  return [=, name = component.name, size = height_and_width(parameters)](const Field& field) {
    const Extent whole = extent_of(field, name);
    const auto margin = [fraction](std::int64_t side) {
      const auto extent = static_cast<double>(side);
      return static_cast<std::int64_t>((extent - extent * fraction) / 2);
    };
    const Corner corner{margin(whole.height), margin(whole.width)};
    const Extent middle{whole.height - 2 * corner.top, whole.width - 2 * corner.left};
    Field image =
        resized(crop(rescaled(field), corner, middle, name), size, Interpolation::bilinear, name);
    for (float& value : image.value.mutable_values<float>()) value = (value - 0.5F) * 2.0F;
    image = normalised(image, mean, {1}, name);
    for (float& value : image.value.mutable_values<float>()) value *= scale;
    return image;
  };
}

FieldTransform make_resize_crop_imagenet(const job::Component& component) {
  const nlohmann::json& parameters = component.parameters;
  const auto side = parameters.at("resize_side").get<std::int64_t>();
  const auto mean = parameters.at("mean_value").get<std::vector<float>>();
  const auto std = parameters.at("std_value").get<std::vector<float>>();
  return [=, name = component.name, size = height_and_width(parameters),
          interpolation = interpolation_of(parameters.at("resize_method"))](const Field& field) {
    const Extent whole = extent_of(field, name);
    const Extent extent = whole.height > whole.width
                              ? Extent{side * whole.height / whole.width, side}
                              : Extent{side, side * whole.width / whole.height};
    const Field image = centre_crop(resized(field, extent, interpolation, name), size, name);
    return channels_first(normalised(rescaled(image), mean, std, name), name);
  };
}

}  // namespace

const std::map<std::string, TransformMaker>& geometry_transforms() {
  static const std::map<std::string, TransformMaker> makers{
      {"Resize", make_resize},
      {"CenterCrop", make_center_crop},
      {"PaddedCenterCrop", make_padded_center_crop},
      {"CropResize", make_crop_resize},
      {"CropToBoundingBox", make_crop_to_bounding_box},
      {"ResizeWithRatio", make_resize_with_ratio},
      {"ResizeWithAspectRatio", make_resize_with_aspect_ratio},
      {"BilinearImagenet", make_bilinear_imagenet},
      {"ResizeCropImagenet", make_resize_crop_imagenet}};
  return makers;
}

}  // namespace ampd::data
