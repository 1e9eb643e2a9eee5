// The shape of a tensor: its extents, outermost first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ampd::tensor {

using Shape = std::vector<std::int64_t>;

/// The extent of a dimension that is not known yet.
inline constexpr std::int64_t unknown_extent = -1;

bool is_known(const Shape& shape);

/// The product of the extents; 1 for a scalar. Throws Error(exhausted) on overflow, or when an
/// extent is negative Error(invalid).
std::int64_t element_count(const Shape& shape);

/// Row-major strides, in elements.
Shape row_major_strides(const Shape& shape);

/// "1x3x224x224"; "?" for an unknown extent; "scalar" for rank 0.
std::string to_string(const Shape& shape);

/// The shape of NumPy's broadcasting. Throws Error(invalid) naming both shapes.
Shape broadcast(const Shape& a, const Shape& b);

}  // namespace ampd::tensor
