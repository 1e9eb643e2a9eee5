// The operators that carry most of the work, which a file can store in a lower precision, and which
// of their inputs are rounded then.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ampd::graph {

/// The slots of the data and weights; the rest (a bias, an initial state) stays float32. Empty for
/// other operators.
std::span<const std::size_t> rounded_inputs(std::string_view op_type);

}  // namespace ampd::graph
