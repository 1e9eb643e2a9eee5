#include "engine/broadcast_loop.hpp"

#include <cmath>
#include <span>

#include "base/check.hpp"
#include "engine/strided_walk.hpp"
#include "tensor/half.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;

constexpr std::int64_t chunk = 256;
using Chunk = std::array<float, chunk>;

void load(Chunk& to, DType dtype, const std::byte* bytes, std::int64_t start, std::int64_t step,
          std::int64_t count) {
  auto* values = to.data();
  if (dtype == DType::f32) {
    const auto* from = reinterpret_cast<const float*>(bytes) + start;
    for (std::int64_t i = 0; i < count; ++i) values[i] = from[i * step];
  } else {
    const auto* from = reinterpret_cast<const std::uint16_t*>(bytes) + start;
    for (std::int64_t i = 0; i < count; ++i) values[i] = tensor::from_bfloat16(from[i * step]);
  }
}

void store(const Chunk& from, DType dtype, std::byte* bytes, std::int64_t start, std::int64_t step,
           std::int64_t count) {
  const auto* values = from.data();
  if (dtype == DType::f32) {
    auto* to = reinterpret_cast<float*>(bytes) + start;
    for (std::int64_t i = 0; i < count; ++i) to[i * step] = values[i];
  } else {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes) + start;
    for (std::int64_t i = 0; i < count; ++i) to[i * step] = tensor::to_bfloat16(values[i]);
  }
}

template <class Function>
void combine(Chunk& a, const Chunk& b, std::int64_t count, const Function& function) {
  const auto end = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < end; ++i) a[i] = function(a[i], b[i]);
}

void combine(BroadcastOperation operation, Chunk& a, const Chunk& b, std::int64_t count) {
  switch (operation) {
    case BroadcastOperation::add:
      return combine(a, b, count, [](float x, float y) { return x + y; });
    case BroadcastOperation::subtract:
      return combine(a, b, count, [](float x, float y) { return x - y; });
    case BroadcastOperation::multiply:
      return combine(a, b, count, [](float x, float y) { return x * y; });
    case BroadcastOperation::divide:
      return combine(a, b, count, [](float x, float y) { return x / y; });
    case BroadcastOperation::maximum:
      return combine(a, b, count, [](float x, float y) { return x > y || std::isnan(x) ? x : y; });
    case BroadcastOperation::minimum:
      return combine(a, b, count, [](float x, float y) { return x < y || std::isnan(x) ? x : y; });
    case BroadcastOperation::prelu:
      return combine(a, b, count, [](float x, float y) { return x < 0 ? x * y : x; });
  }
}

/// Strides under which an operand is read for each element of the result.
Shape repeated(const Layout& operand, const Shape& shape) {
  Shape strides = operand.strides();
  for (std::size_t i = 0; i < strides.size(); ++i) {
    AMPD_CHECK(operand.shape()[i] == shape[i] || operand.shape()[i] == 1);
    if (operand.shape()[i] == 1) strides[i] = 0;
  }
  return strides;
}

}  // namespace

void broadcast_loop(BroadcastOperation operation, const Layout& a, const std::byte* a_bytes,
                    const Layout& b, const std::byte* b_bytes, const Layout& result,
                    std::byte* result_bytes) {
  const Shape& shape = result.shape();
  walk_rows<3>(shape, {repeated(a, shape), repeated(b, shape), result.strides()},
               [&](const auto& offsets, std::int64_t length, const auto& steps) {
                 Chunk first;
                 Chunk second;
                 for (std::int64_t done = 0; done < length; done += chunk) {
                   const std::int64_t count = std::min(chunk, length - done);
                   load(first, a.dtype(), a_bytes, offsets[0] + done * steps[0], steps[0], count);
                   load(second, b.dtype(), b_bytes, offsets[1] + done * steps[1], steps[1], count);
                   combine(operation, first, second, count);
                   store(first, result.dtype(), result_bytes, offsets[2] + done * steps[2],
                         steps[2], count);
                 }
               });
}

}  // namespace ampd::engine
