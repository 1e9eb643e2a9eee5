// Values of a picture at places between its pixels.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

enum class Padding { zeros, border, reflection };
enum class Mode { nearest, linear, cubic };

/// Folds a coordinate into [low, high] as between two mirrors.
double reflected(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double distance = x < low ? low - x : x - high;
  if (distance <= 0) return x;
  const double folds = std::floor(distance / range);
  const double rest = distance - folds * range;
  const bool from_near = std::fmod(folds, 2) == 0;
  return (x < low) == from_near ? low + rest : high - rest;
}

/// One spatial axis of the sampled picture.
struct Axis {
  std::int64_t extent;
  std::int64_t stride;
  bool align_corners;

  double low() const { return align_corners ? 0 : -0.5; }
  double high() const { return static_cast<double>(extent) - (align_corners ? 1 : 0.5); }

  double place_of(double share) const {
    const auto length = static_cast<double>(extent);
    const double place =
        align_corners ? (share + 1) / 2 * (length - 1) : ((share + 1) * length - 1) / 2;
    return std::isfinite(place) ? std::clamp(place, -1e9, 1e9) : -1e9;
  }

  double padded(double place, Padding padding) const {
    if (place >= low() && place <= high()) return place;
    if (padding == Padding::border) return std::clamp(place, 0.0, static_cast<double>(extent - 1));
    return padding == Padding::reflection ? reflected(place, low(), high()) : place;
  }

  /// The pixel that stands for index `i`; below 0: none.
  std::int64_t pixel(std::int64_t i, Padding padding) const {
    if (i >= 0 && i < extent) return i;
    if (padding == Padding::zeros) return -1;
    if (padding == Padding::border) return std::clamp<std::int64_t>(i, 0, extent - 1);
    const double folded = reflected(static_cast<double>(i), low(), high());
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(folded), 0, extent - 1);
  }
};

struct Weighed {
  std::int64_t offset;  // within the plane; below 0: outside
  double weight;
};

double cubic_weight(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

std::vector<Weighed> along(const Axis& axis, double share, Mode mode, Padding padding) {
  double place = axis.place_of(share);
  if (mode == Mode::nearest) place = std::nearbyint(place);
  place = axis.padded(place, padding);
  std::vector<Weighed> result;
  const auto add = [&](std::int64_t index, double weight) {
    const std::int64_t pixel = axis.pixel(index, padding);
    result.push_back({pixel < 0 ? -1 : pixel * axis.stride, weight});
  };
  const auto base = static_cast<std::int64_t>(std::floor(place));
  const double rest = place - static_cast<double>(base);
  if (mode == Mode::nearest) {
    add(static_cast<std::int64_t>(place), 1);
  } else if (mode == Mode::linear) {
    add(base, 1 - rest);
    add(base + 1, rest);
  } else {
    for (std::int64_t k = -1; k <= 2; ++k)
      add(base + k, cubic_weight(static_cast<double>(k) - rest));
  }
  return result;
}

/// All combinations of the axes' shares.
std::vector<Weighed> crossed(const std::vector<std::vector<Weighed>>& axes) {
  std::vector<Weighed> result{{0, 1}};
  for (const auto& axis : axes) {
    std::vector<Weighed> next;
    for (const Weighed& a : result) {
      for (const Weighed& b : axis) {
        const bool inside = a.offset >= 0 && b.offset >= 0;
        next.push_back({inside ? a.offset + b.offset : -1, a.weight * b.weight});
      }
    }
    result = std::move(next);
  }
  return result;
}

Mode mode_of(const KernelCall& call) {
  const std::string word = call.attributes().text("mode", "linear");
  if (word == "nearest") return Mode::nearest;
  if (word == "linear") return Mode::linear;
  if (word == "cubic") return Mode::cubic;
  call.fail("has the mode " + word);
}

Padding padding_of(const KernelCall& call) {
  const std::string word = call.attributes().text("padding_mode", "zeros");
  if (word == "zeros") return Padding::zeros;
  if (word == "border") return Padding::border;
  if (word == "reflection") return Padding::reflection;
  call.fail("has the padding_mode " + word);
}

template <class T>
void sample_grid(KernelCall& call, const std::vector<Axis>& axes, Mode mode, Padding padding) {
  const Shape& shape = call.input(0).shape();
  const std::int64_t plane = axes[0].extent * axes[0].stride;
  const std::int64_t places =
      call.output(0).size() / std::max<std::int64_t>(shape[0] * shape[1], 1);
  const Tensor grid = tensor::convert(call.input(1), tensor::DType::f64);
  const double* shares = grid.values<double>().data();
  const T* from = call.input(0).values<T>().data();
  T* to = call.output(0).mutable_values<T>().data();
  std::vector<std::vector<Weighed>> parts(axes.size());
  for (std::int64_t k = 0; k < shape[0] * places; ++k) {
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
      // The grid names the innermost axis first.
      const double share =
          shares[k * std::ssize(axes) + std::ssize(axes) - 1 - static_cast<std::int64_t>(axis)];
      parts[axis] = along(axes[axis], share, mode, padding);
    }
    const std::vector<Weighed> pixels = crossed(parts);
    for (std::int64_t channel = 0; channel < shape[1]; ++channel) {
      const std::int64_t index = k / places * shape[1] + channel;
      double sum = 0;
      for (const Weighed& pixel : pixels) {
        if (pixel.offset < 0) continue;
        sum += pixel.weight * static_cast<double>(from[index * plane + pixel.offset]);
      }
      to[index * places + k % places] = static_cast<T>(sum);
    }
  }
}

bool run_grid_sample(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape strides = tensor::row_major_strides(shape);
  const bool align_corners = call.attributes().integer("align_corners", 0) != 0;
  std::vector<Axis> axes;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) call.fail("samples an empty picture");
    axes.push_back({shape[axis], strides[axis], align_corners});
  }
  const Mode mode = mode_of(call);
  const Padding padding = padding_of(call);
  return with_number(call.input(0).dtype(),
                     [&]<class T>(Element<T>) { sample_grid<T>(call, axes, mode, padding); });
}

/// The four pixels around a place of a plane; none when it lies more than a pixel outside.
std::vector<Weighed> around(double y, double x, std::int64_t height, std::int64_t width) {
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 &&
        x <= static_cast<double>(width))) {
    return {};
  }
  const auto split = [](double place, std::int64_t extent) {
    const double inside = std::clamp(place, 0.0, static_cast<double>(extent - 1));
    const auto low = static_cast<std::int64_t>(inside);
    const std::int64_t high = std::min(low + 1, extent - 1);
    const double rest = inside - static_cast<double>(low);
    return std::array<Weighed, 2>{Weighed{low, 1 - rest}, Weighed{high, rest}};
  };
  std::vector<Weighed> result;
  for (const Weighed& row : split(y, height)) {
    for (const Weighed& column : split(x, width)) {
      result.push_back({row.offset * width + column.offset, row.weight * column.weight});
    }
  }
  return result;
}

/// One region in pixels, cut into bins, each with so many samples.
struct Region {
  double top, left, bin_height, bin_width;
  std::int64_t rows, columns;

  double y(std::int64_t bin, std::int64_t row) const {
    return top + bin_height * (static_cast<double>(bin) +
                               (static_cast<double>(row) + 0.5) / static_cast<double>(rows));
  }
  double x(std::int64_t bin, std::int64_t column) const {
    return left + bin_width * (static_cast<double>(bin) +
                               (static_cast<double>(column) + 0.5) / static_cast<double>(columns));
  }
};

Region region_of(const KernelCall& call, const float* corners, const Shape& output) {
  const graph::Attributes& attributes = call.attributes();
  const double scale = attributes.real("spatial_scale", 1);
  const bool half_pixel =
      attributes.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const double shift = half_pixel ? 0.5 : 0;
  double width = corners[2] * scale - corners[0] * scale;
  double height = corners[3] * scale - corners[1] * scale;
  if (!half_pixel) {
    width = std::max(width, 1.0);
    height = std::max(height, 1.0);
  }
  Region region{corners[1] * scale - shift,
                corners[0] * scale - shift,
                height / static_cast<double>(output[2]),
                width / static_cast<double>(output[3]),
                0,
                0};
  const std::int64_t samples = attributes.integer("sampling_ratio", 0);
  const auto count = [&](double bin) {
    if (!(bin < 4096)) call.fail("has a region beyond reason");
    return samples > 0 ? samples
                       : std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(bin)), 1);
  };
  region.rows = count(region.bin_height);
  region.columns = count(region.bin_width);
  return region;
}

/// The average of a bin's samples or, for `max`, the largest weighed pixel among them, as the
/// reference takes it.
template <class T>
double pooled(const T* plane, const std::vector<std::vector<Weighed>>& samples, bool is_max) {
  double sum = 0;
  double largest = -std::numeric_limits<double>::infinity();
  for (const auto& sample : samples) {
    if (sample.empty()) largest = std::max(largest, 0.0);
    for (const Weighed& pixel : sample) {
      const double value = pixel.weight * static_cast<double>(plane[pixel.offset]);
      sum += value;
      largest = std::max(largest, value);
    }
  }
  return is_max ? largest : sum / static_cast<double>(samples.size());
}

template <class T>
void align_regions(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape& output = call.output(0).shape();
  const bool is_max = call.attributes().text("mode", "avg") == "max";
  const std::vector<std::int64_t> batches = call.integers(2);
  const Tensor corners = tensor::convert(call.input(1), tensor::DType::f32);
  const std::int64_t bins = output[2] * output[3];
  for (std::int64_t k = 0; k < output[0] * bins; ++k) {
    const std::int64_t index = k / bins;
    const std::int64_t batch = batches[static_cast<std::size_t>(index)];
    if (batch < 0 || batch >= shape[0]) call.fail("has a batch index outside of its batch");
    const Region region = region_of(call, corners.values<float>().data() + index * 4, output);
    std::vector<std::vector<Weighed>> samples;
    for (std::int64_t row = 0; row < region.rows; ++row) {
      for (std::int64_t column = 0; column < region.columns; ++column) {
        samples.push_back(around(region.y(k % bins / output[3], row),
                                 region.x(k % output[3], column), shape[2], shape[3]));
      }
    }
    for (std::int64_t channel = 0; channel < shape[1]; ++channel) {
      const T* plane =
          call.input(0).values<T>().data() + (batch * shape[1] + channel) * shape[2] * shape[3];
      const auto to = static_cast<std::size_t>((index * shape[1] + channel) * bins + k % bins);
      call.output(0).mutable_values<T>()[to] = static_cast<T>(pooled(plane, samples, is_max));
    }
  }
}

bool run_region_align(KernelCall& call) {
  if (call.input(0).shape()[2] == 0 || call.input(0).shape()[3] == 0) {
    call.fail("samples an empty picture");
  }
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) { align_regions<T>(call); });
}

/// Where a bin of a region begins and ends along an axis, in pixels of it; empty when outside.
struct Bin {
  std::int64_t begin;
  std::int64_t end;
};

Bin bin_of(const KernelCall& call, float first, float last, std::int64_t bins, std::int64_t bin,
           std::int64_t extent) {
  const float scale = call.attributes().real("spatial_scale", 1);
  const double start = std::round(first * scale);
  const double length = std::max(std::round(last * scale) - start + 1, 1.0);
  if (!(std::abs(start) < 1e9 && length < 1e9)) call.fail("has a region beyond reason");
  const double size = length / static_cast<double>(bins);
  const auto edge = [&](double place) {
    return std::clamp(static_cast<std::int64_t>(place + start), std::int64_t{0}, extent);
  };
  return {edge(std::floor(static_cast<double>(bin) * size)),
          edge(std::ceil(static_cast<double>(bin + 1) * size))};
}

template <class T>
T largest(const T* plane, Bin rows, Bin columns, std::int64_t width) {
  if (rows.begin >= rows.end || columns.begin >= columns.end) return 0;
  T result = std::numeric_limits<T>::lowest();
  for (std::int64_t y = rows.begin; y < rows.end; ++y) {
    for (std::int64_t x = columns.begin; x < columns.end; ++x) {
      result = std::max(result, plane[y * width + x]);
    }
  }
  return result;
}

template <class T>
void pool_regions(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape& output = call.output(0).shape();
  const T* planes = call.input(0).values<T>().data();
  const Tensor corners = tensor::convert(call.input(1), tensor::DType::f32);
  T* to = call.output(0).mutable_values<T>().data();
  for (std::int64_t region = 0; region < output[0]; ++region) {
    const float* box = corners.values<float>().data() + region * 5;
    if (!(box[0] >= 0 && box[0] < static_cast<float>(shape[0]))) {
      call.fail("has a batch index outside of its batch");
    }
    const auto batch = static_cast<std::int64_t>(box[0]);
    for (std::int64_t channel = 0; channel < shape[1]; ++channel) {
      const T* plane = planes + (batch * shape[1] + channel) * shape[2] * shape[3];
      for (std::int64_t y = 0; y < output[2]; ++y) {
        const Bin rows = bin_of(call, box[2], box[4], output[2], y, shape[2]);
        for (std::int64_t x = 0; x < output[3]; ++x) {
          const Bin columns = bin_of(call, box[1], box[3], output[3], x, shape[3]);
          *to++ = largest(plane, rows, columns, shape[3]);
        }
      }
    }
  }
}

bool run_region_pool(KernelCall& call) {
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) { pool_regions<T>(call); });
}

/// From -1 to 1: the centers of the outermost pixels with `align_corners`, else their outer edges.
double share_of(std::int64_t pixel, std::int64_t extent, bool align_corners) {
  const auto place = static_cast<double>(pixel);
  const auto length = static_cast<double>(extent);
  if (!align_corners) return (2 * place + 1) / length - 1;
  return extent == 1 ? 0 : 2 * place / (length - 1) - 1;
}

/// The matrices name the innermost axis first.
template <class T>
void transform_grid(KernelCall& call) {
  const Shape& shape = call.output(0).shape();
  const bool align_corners = call.attributes().integer("align_corners", 0) != 0;
  const std::int64_t axes = shape.back();
  const Shape extents(shape.begin() + 1, shape.end() - 1);
  const std::int64_t places = tensor::element_count(extents);
  const T* matrices = call.input(0).values<T>().data();
  T* to = call.output(0).mutable_values<T>().data();
  std::vector<double> point(static_cast<std::size_t>(axes));
  for (std::int64_t k = 0; k < shape[0] * places; ++k) {
    std::int64_t rest = k % places;
    for (std::size_t axis = 0; axis < point.size(); ++axis) {
      const std::int64_t extent = extents[point.size() - 1 - axis];
      point[axis] = share_of(rest % extent, extent, align_corners);
      rest /= extent;
    }
    const T* row = matrices + k / places * axes * (axes + 1);
    for (std::int64_t axis = 0; axis < axes; ++axis) {
      double sum = 0;
      for (const double coordinate : point) sum += static_cast<double>(*row++) * coordinate;
      *to++ = static_cast<T>(sum + static_cast<double>(*row++));
    }
  }
}

bool run_affine_grid(KernelCall& call) {
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) { transform_grid<T>(call); });
}

constexpr std::array kernels{
    Kernel{"AffineGrid", Kernel::Kind::computes, run_affine_grid},
    Kernel{"GridSample", Kernel::Kind::computes, run_grid_sample},
    Kernel{"MaxRoiPool", Kernel::Kind::computes, run_region_pool},
    Kernel{"RoiAlign", Kernel::Kind::computes, run_region_align},
};

}  // namespace

std::span<const Kernel> sampling_kernels() {
  return kernels;
}

}  // namespace ampd::engine
