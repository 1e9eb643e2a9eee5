#include <array>

#include "base/limits.hpp"
#include "graph/onnx_dtype.hpp"
#include "graph/shapes/shape_rule.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::unknown_extent;

DType output_dtype(const NodeTypes& types) {
  const std::int64_t number = types.attributes().integer("output_datatype", 1);
  const std::optional<DType> dtype = dtype_of_onnx(number);
  if (!dtype) types.refuse("makes " + onnx_type_name(number) + ", which ampd does not hold");
  return *dtype;
}

/// A length given as a constant scalar; unknown otherwise.
std::int64_t length(const NodeTypes& types, std::size_t input) {
  const auto given = types.integers(input);
  if (!given) return unknown_extent;
  if (given->size() != 1 || (*given)[0] < 0 || (*given)[0] > base::limits::tensor_bytes) {
    types.fail("has an impossible length as input " + std::to_string(input));
  }
  return (*given)[0];
}

void infer_window(NodeTypes& types) {
  types.set(0, output_dtype(types), Shape{length(types, 0)});
}

std::int64_t bins(std::int64_t points, bool onesided) {
  return points < 0 || !onesided ? points : points / 2 + 1;
}

void infer_transform(NodeTypes& types) {
  if (!types.shape(0)) return types.set(0, types.dtype(0), std::nullopt);
  Shape result = *types.shape(0);
  if (result.size() < 2) types.fail("needs a signal with a last axis of 1 or 2");
  std::int64_t given = -2;
  if (types.has(2)) {
    const auto axis = types.integers(2);
    if (!axis || axis->size() != 1) return types.set(0, types.dtype(0), std::nullopt);
    given = (*axis)[0];
  }
  const std::size_t axis = types.axis(given, result.size());
  if (axis + 1 == result.size()) types.fail("transforms the axis of real and imaginary parts");
  const std::int64_t points = types.has(1) ? length(types, 1) : result[axis];
  const bool onesided = types.attributes().integer("onesided", 0) != 0;
  result[axis] = bins(points, onesided);
  result.back() = 2;
  types.set(0, types.dtype(0), result);
}

void infer_short_transform(NodeTypes& types) {
  const std::optional<Shape> window = types.has(2) ? types.shape(2) : std::nullopt;
  std::int64_t frame = unknown_extent;
  if (types.has(3)) {
    frame = length(types, 3);
  } else if (window && window->size() == 1) {
    frame = (*window)[0];
  } else if (!types.has(2)) {
    types.fail("has neither a window nor a frame_length");
  }
  const std::int64_t step = length(types, 1);
  if (step == 0 || frame == 0) types.fail("has a step or frame of no length");
  Shape result(4, unknown_extent);
  if (types.shape(0)) {
    const Shape& signal = *types.shape(0);
    if (signal.size() != 3 && signal.size() != 2) types.fail("needs a batch of signals");
    result[0] = signal[0];
    if (signal[1] >= 0 && frame > 0 && step > 0) {
      if (signal[1] < frame) types.fail("has a signal shorter than its frame");
      result[1] = (signal[1] - frame) / step + 1;
    }
  }
  result[2] = bins(frame, types.attributes().integer("onesided", 1) != 0);
  result[3] = 2;
  types.set(0, types.dtype(0), result);
}

void infer_mel_weights(NodeTypes& types) {
  const std::int64_t points = length(types, 1);
  types.set(0, output_dtype(types), Shape{bins(points, true), length(types, 0)});
}

constexpr std::array rules{
    ShapeRule{"BlackmanWindow", 17, 1, 1, 1, infer_window},
    ShapeRule{"DFT", 17, 1, 3, 1, infer_transform},
    ShapeRule{"HammingWindow", 17, 1, 1, 1, infer_window},
    ShapeRule{"HannWindow", 17, 1, 1, 1, infer_window},
    ShapeRule{"MelWeightMatrix", 17, 5, 5, 1, infer_mel_weights},
    ShapeRule{"STFT", 17, 2, 4, 1, infer_short_transform},
};

}  // namespace

std::span<const ShapeRule> signal_shapes() {
  return rules;
}

}  // namespace ampd::graph
