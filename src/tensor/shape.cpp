#include "tensor/shape.hpp"

#include <algorithm>

#include "ampd/error.hpp"

namespace ampd::tensor {

bool is_known(const Shape& shape) {
  return std::none_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent < 0; });
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw Error(ErrorCode::invalid, "the shape " + to_string(shape) + " is open");
    if (__builtin_mul_overflow(count, extent, &count)) {
      throw Error(ErrorCode::exhausted, "the shape " + to_string(shape) + " is too large");
    }
  }
  return count;
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * std::max<std::int64_t>(shape[axis], 1);
  }
  return strides;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t extent : shape) {
    if (!text.empty()) text += 'x';
    text += extent < 0 ? "?" : std::to_string(extent);
  }
  return text;
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  const auto extent = [&result](const Shape& shape, std::size_t axis) {
    const std::size_t missing = result.size() - shape.size();
    return axis < missing ? 1 : shape[axis - missing];
  };
  for (std::size_t axis = 0; axis < result.size(); ++axis) {
    const std::int64_t left = extent(a, axis);
    const std::int64_t right = extent(b, axis);
    if (left == right || right == 1) {
      result[axis] = left;
    } else if (left == 1) {
      result[axis] = right;
    } else if (left < 0 || right < 0) {
      result[axis] = std::max(left, right);
    } else {
      throw Error(ErrorCode::invalid,
                  "the shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    }
  }
  return result;
}

}  // namespace ampd::tensor
