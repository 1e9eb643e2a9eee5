// Whether a tensor is the expected one, within a tolerance.
#pragma once

#include <optional>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::evaluation {

struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

struct Comparison {
  std::string complaint;                // empty: it is
  std::optional<double> max_abs_error;  // where types and shapes agree
};

/// Types and shapes must agree (a bfloat16 may stand as float32), and each number may differ by at
/// most absolute + relative * |expected|; from an expected bfloat16, which its maker may have
/// rounded or truncated, in any case by one unit in its last place. NaN equals NaN, an infinity
/// itself alone.
Comparison compare(const tensor::Tensor& actual, const tensor::Tensor& expected,
                   Tolerance tolerance);

}  // namespace ampd::evaluation
