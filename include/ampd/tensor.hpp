// A dense array of numbers in row-major order, as it goes into a model and comes out of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace ampd {

/// The type of the numbers is that of the vector; 16-bit floats travel as float.
struct Tensor {
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int8_t>,
               std::vector<std::uint8_t>, std::vector<std::int16_t>, std::vector<std::uint16_t>,
               std::vector<std::int32_t>, std::vector<std::uint32_t>, std::vector<std::int64_t>,
               std::vector<std::uint64_t>, std::vector<bool>>
      values;

  bool operator==(const Tensor&) const = default;
};

/// Tensors by the name of the model's input.
using Tensors = std::map<std::string, Tensor>;

}  // namespace ampd
