// From real numbers to integers without undefined corners.
#pragma once

#include <cmath>
#include <limits>

namespace ampd::engine {

/// The value cut off towards zero; what T cannot hold becomes the nearest end, NaN becomes 0.
template <class T>
T saturated(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) {
    return std::numeric_limits<T>::min();
  }
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) {
    return std::numeric_limits<T>::max();
  }
  return static_cast<T>(value);
}

}  // namespace ampd::engine
