#include "engine/rms_normalization.hpp"

#include <cmath>

#include "base/check.hpp"
#include "tensor/half.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;

struct Float32 {
  using Element = float;
  static float widened(float value) { return value; }
  static float narrowed(float value) { return value; }
};

struct Bfloat16 {
  using Element = std::uint16_t;
  static float widened(std::uint16_t bits) { return tensor::from_bfloat16(bits); }
  static std::uint16_t narrowed(float value) { return tensor::to_bfloat16(value); }
};

template <class Format>
void normalize_row(const typename Format::Element* from, const float* scale, std::int64_t columns,
                   float epsilon, typename Format::Element* to) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < columns; ++i) {
    const float value = Format::widened(from[i]);
    squares += value * value;
  }
  const float inverse = 1 / std::sqrt(squares / static_cast<float>(columns) + epsilon);
#pragma omp simd
  for (std::int64_t i = 0; i < columns; ++i) {
    to[i] = Format::narrowed(Format::widened(from[i]) * inverse * scale[i]);
  }
}

template <class Format>
LoopCall call_of(std::int64_t rows, std::int64_t columns, float epsilon) {
  return {[=](auto inputs, auto outputs) {
    const auto* from = reinterpret_cast<const typename Format::Element*>(inputs[0]);
    const auto* scale = reinterpret_cast<const float*>(inputs[1]);
    auto* to = reinterpret_cast<typename Format::Element*>(outputs[0]);
#pragma omp parallel for schedule(static) if (rows > 1)
    for (std::int64_t row = 0; row < rows; ++row) {
      normalize_row<Format>(from + row * columns, scale, columns, epsilon, to + row * columns);
    }
  }};
}

}  // namespace

LoopCall rms_normalization(DType dtype, std::int64_t rows, std::int64_t columns, float epsilon) {
  AMPD_CHECK(dtype == DType::f32 || dtype == DType::bf16);
  return dtype == DType::f32 ? call_of<Float32>(rows, columns, epsilon)
                             : call_of<Bfloat16>(rows, columns, epsilon);
}

}  // namespace ampd::engine
