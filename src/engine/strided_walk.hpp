// The order in which own loops visit the elements of several tensors of one shape: rows along one
// dimension, shared among the threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "tensor/shape.hpp"

namespace ampd::engine {

/// Rows run along the dimension in which the last tensor's elements lie next to each other.
/// `visit(offsets, length, steps)` gets, per tensor, where a row starts and how it steps.
template <std::size_t count, class Visit>
void walk_rows(const tensor::Shape& shape, const std::array<tensor::Shape, count>& strides,
               const Visit& visit) {
  const std::int64_t size = tensor::element_count(shape);
  if (size == 0) return;
  std::size_t inner = 0;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    const bool is_closer = strides.back()[i] < strides.back()[inner] || shape[inner] == 1;
    if (shape[i] != 1 && is_closer) inner = i;
  }
  const std::int64_t length = shape.empty() ? 1 : shape[inner];
  std::array<std::int64_t, count> steps{};
  for (std::size_t t = 0; t < count; ++t) steps[t] = shape.empty() ? 1 : strides[t][inner];
  const std::int64_t rows = size / length;
  constexpr std::int64_t worth_threads = 1 << 15;
#pragma omp parallel for schedule(static) if (size > worth_threads)
  for (std::int64_t row = 0; row < rows; ++row) {
    std::array<std::int64_t, count> offsets{};
    std::int64_t rest = row;
    for (std::size_t i = shape.size(); i-- > 0;) {
      if (i == inner) continue;
      const std::int64_t at = rest % shape[i];
      rest /= shape[i];
      for (std::size_t t = 0; t < count; ++t) offsets[t] += at * strides[t][i];
    }
    visit(offsets, length, steps);
  }
}

}  // namespace ampd::engine
