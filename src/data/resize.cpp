#include "data/resize.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Tensor;

enum class Kind { nearest, linear, cubic, area };

/// For each pixel of a result along one axis: which pixels of the source make it, with weights.
struct Taps {
  Kind kind = Kind::nearest;
  std::size_t per_pixel = 1;
  std::vector<std::int64_t> source = {};
  std::vector<float> weight = {};

  std::size_t pixels() const { return source.size() / per_pixel; }

  void add(std::int64_t pixel, float share) {
    source.push_back(pixel);
    weight.push_back(share);
  }
};

std::int64_t inside(std::int64_t pixel, std::int64_t extent) {
  return std::clamp<std::int64_t>(pixel, 0, extent - 1);
}

/// Where pixel `target`'s centre lies in the source, in pixels from the first one's centre.
float centre(std::int64_t target, double scale) {
  return static_cast<float>((static_cast<double>(target) + 0.5) * scale - 0.5);
}

Taps nearest_taps(std::int64_t from, std::int64_t to) {
  const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
  Taps taps;
  for (std::int64_t i = 0; i < to; ++i) {
    const double position = std::floor(static_cast<double>(i) * scale);
    taps.add(inside(static_cast<std::int64_t>(position), from), 1);
  }
  return taps;
}

Taps linear_taps(std::int64_t from, std::int64_t to) {
  const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
  Taps taps{.kind = Kind::linear, .per_pixel = 2};
  for (std::int64_t i = 0; i < to; ++i) {
    const float position = centre(i, scale);
    const float first = std::floor(position);
    const auto pixel = static_cast<std::int64_t>(first);
    taps.add(inside(pixel, from), 1 - (position - first));
    taps.add(inside(pixel + 1, from), position - first);
  }
  return taps;
}

/// R. Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -0.75.
std::array<float, 4> cubic_weights(float fraction) {
  constexpr float a = -0.75F;
  const auto far = [](float x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  const auto near = [](float x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const float before = far(fraction + 1);
  const float left = near(fraction);
  const float right = near(1 - fraction);
  return {before, left, right, 1 - before - left - right};
}

Taps cubic_taps(std::int64_t from, std::int64_t to) {
  const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
  Taps taps{.kind = Kind::cubic, .per_pixel = 4};
  for (std::int64_t i = 0; i < to; ++i) {
    const float position = centre(i, scale);
    const float first = std::floor(position);
    const std::array<float, 4> weights = cubic_weights(position - first);
    for (std::size_t k = 0; k < 4; ++k) {
      const std::int64_t pixel = static_cast<std::int64_t>(first) + static_cast<std::int64_t>(k);
      taps.add(inside(pixel - 1, from), weights[k]);
    }
  }
  return taps;
}

/// The share of each source pixel in the area of a new one.
Taps area_taps(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  Taps taps{
      .per_pixel = static_cast<std::size_t>(std::ceil(scale)) + 1, .source = {}, .weight = {}};
  for (std::int64_t i = 0; i < to; ++i) {
    const double start = static_cast<double>(i) * scale;
    const double end = std::min(start + scale, static_cast<double>(from));
    const auto first = static_cast<std::int64_t>(start);
    for (std::size_t k = 0; k < taps.per_pixel; ++k) {
      const std::int64_t pixel = first + static_cast<std::int64_t>(k);
      const double covered = std::min(end, static_cast<double>(pixel + 1)) -
                             std::max(start, static_cast<double>(pixel));
      taps.add(inside(pixel, from), static_cast<float>(std::max(covered, 0.0) / (end - start)));
    }
  }
  return taps;
}

/// OpenCV's linear interpolation in place of areas, where one of the axes grows.
Taps area_growing_taps(std::int64_t from, std::int64_t to) {
  const double inverse = static_cast<double>(to) / static_cast<double>(from);
  const double scale = 1.0 / inverse;
  Taps taps{.kind = Kind::linear, .per_pixel = 2};
  for (std::int64_t i = 0; i < to; ++i) {
    const double pixel = std::floor(static_cast<double>(i) * scale);
    float fraction = static_cast<float>(static_cast<double>(i + 1) - (pixel + 1) * inverse);
    fraction = fraction <= 0 ? 0 : fraction - std::floor(fraction);
    taps.add(inside(static_cast<std::int64_t>(pixel), from), 1 - fraction);
    taps.add(inside(static_cast<std::int64_t>(pixel) + 1, from), fraction);
  }
  return taps;
}

Taps make_taps(std::int64_t from, std::int64_t to, Interpolation interpolation, bool grows) {
  switch (interpolation) {
    case Interpolation::nearest:
      return nearest_taps(from, to);
    case Interpolation::bilinear:
      return linear_taps(from, to);
    case Interpolation::bicubic:
      return cubic_taps(from, to);
    case Interpolation::area:
      return grows ? area_growing_taps(from, to) : area_taps(from, to);
  }
  return nearest_taps(from, to);
}

/// One axis of `outer` x axis x `inner` numbers, row-major.
std::vector<float> apply(const std::vector<float>& from, std::size_t outer, std::size_t axis,
                         std::size_t inner, const Taps& taps) {
  const std::size_t pixels = taps.pixels();
  std::vector<float> to(outer * pixels * inner);
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::size_t i = 0; i < taps.source.size(); ++i) {
      const float weight = taps.weight[i];
      const float* source = &from[(o * axis + static_cast<std::size_t>(taps.source[i])) * inner];
      float* target = &to[(o * pixels + i / taps.per_pixel) * inner];
      for (std::size_t k = 0; k < inner; ++k) target[k] += weight * source[k];
    }
  }
  return to;
}

constexpr float weight_steps = 2048;

/// OpenCV weighs bytes in steps of 1/2048.
void quantise(Taps& taps) {
  for (float& weight : taps.weight) weight = std::nearbyint(weight * weight_steps) / weight_steps;
}

/// The second axis of OpenCV's linear interpolation of bytes, which drops bits on the way. The
/// numbers are multiples of 1/2048, so they and their products with the weights are exact.
std::vector<float> apply_as_bytes(const std::vector<float>& from, std::size_t outer,
                                  std::size_t axis, std::size_t inner, const Taps& taps) {
  const std::size_t pixels = taps.pixels();
  const auto fixed = [](float value) { return static_cast<int>(value * weight_steps); };
  std::vector<float> to(outer * pixels * inner);
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::size_t i = 0; i < pixels; ++i) {
      const float* a = &from[(o * axis + static_cast<std::size_t>(taps.source[2 * i])) * inner];
      const float* b = &from[(o * axis + static_cast<std::size_t>(taps.source[2 * i + 1])) * inner];
      const int a_weight = fixed(taps.weight[2 * i]);
      const int b_weight = fixed(taps.weight[2 * i + 1]);
      for (std::size_t k = 0; k < inner; ++k) {
        const int sum =
            ((a_weight * (fixed(a[k]) >> 4)) >> 16) + ((b_weight * (fixed(b[k]) >> 4)) >> 16);
        to[(o * pixels + i) * inner + k] = static_cast<float>((sum + 2) >> 2);
      }
    }
  }
  return to;
}

Tensor to_bytes(const std::vector<float>& values, tensor::Shape shape, bool half_up) {
  Tensor result(DType::u8, std::move(shape));
  std::ranges::transform(
      values, result.mutable_values<std::uint8_t>().begin(), [half_up](float value) {
        const float whole = half_up ? std::floor(value + 0.5F) : std::nearbyint(value);
        return static_cast<std::uint8_t>(std::clamp(whole, 0.0F, 255.0F));
      });
  return result;
}

/// An image as `planes` grids of `height` x `width` pixels of `channels` numbers: one plane where
/// the channels come last, one per channel where they come first.
struct Grid {
  std::size_t planes = 1;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 1;
};

std::vector<float> resample(const Tensor& image, const Grid& grid, Taps across, Taps down) {
  const bool is_weighed_as_bytes =
      image.dtype() == DType::u8 && (across.kind == Kind::linear || across.kind == Kind::cubic);
  if (is_weighed_as_bytes) {
    quantise(across);
    quantise(down);
  }
  const Tensor floats = convert(image, DType::f32);
  const std::vector<float> source(floats.values<float>().begin(), floats.values<float>().end());
  const std::vector<float> wide =
      apply(source, grid.planes * grid.height, grid.width, grid.channels, across);
  const std::size_t row = across.pixels() * grid.channels;
  return is_weighed_as_bytes && across.kind == Kind::linear
             ? apply_as_bytes(wide, grid.planes, grid.height, row, down)
             : apply(wide, grid.planes, grid.height, row, down);
}

}  // namespace

Tensor resize(const Tensor& image, std::int64_t channel_axis, std::int64_t height,
              std::int64_t width, Interpolation interpolation) {
  tensor::Shape shape = image.shape();
  AMPD_CHECK(shape.size() == 3 && (channel_axis == 0 || channel_axis == 2));
  AMPD_CHECK(image.size() > 0 && height > 0 && width > 0);
  const std::size_t y_axis = channel_axis == 0 ? 1 : 0;
  const std::int64_t old_height = std::exchange(shape[y_axis], height);
  const std::int64_t old_width = std::exchange(shape[y_axis + 1], width);
  const Grid grid{.planes = static_cast<std::size_t>(channel_axis == 0 ? shape[0] : 1),
                  .height = static_cast<std::size_t>(old_height),
                  .width = static_cast<std::size_t>(old_width),
                  .channels = static_cast<std::size_t>(channel_axis == 0 ? 1 : shape[2])};

  // OpenCV's way: halving both sides takes the mean of four pixels, rounded half up.
  const bool halves = old_height == 2 * height && old_width == 2 * width;
  if (halves && interpolation == Interpolation::bilinear) interpolation = Interpolation::area;
  const bool grows = height > old_height || width > old_width;
  const std::vector<float> result =
      resample(image, grid, make_taps(old_width, width, interpolation, grows),
               make_taps(old_height, height, interpolation, grows));
  if (image.dtype() != DType::u8) return Tensor::of<float>(std::move(shape), result);
  return to_bytes(result, std::move(shape), halves && interpolation == Interpolation::area);
}

}  // namespace ampd::data
