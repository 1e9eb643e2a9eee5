#include "data/transpose.hpp"

#include <cstring>

namespace ampd::data {

using tensor::Shape;
using tensor::Tensor;

Tensor transpose(const Tensor& array, const std::vector<std::int64_t>& permutation) {
  const Shape array_strides = tensor::row_major_strides(array.shape());
  Shape shape;
  Shape strides;
  for (const std::int64_t axis : permutation) {
    shape.push_back(array.shape()[static_cast<std::size_t>(axis)]);
    strides.push_back(array_strides[static_cast<std::size_t>(axis)]);
  }
  Tensor result(array.dtype(), shape);
  const auto width = static_cast<std::size_t>(tensor::size_bytes(result.dtype()));
  std::byte* target = result.mutable_bytes().data();
  const std::byte* source = array.bytes().data();
  Shape index(shape.size(), 0);
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < result.size(); ++i) {
    std::memcpy(target + static_cast<std::size_t>(i) * width,
                source + static_cast<std::size_t>(at) * width, width);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

}  // namespace ampd::data
