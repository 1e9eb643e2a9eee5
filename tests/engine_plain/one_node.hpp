// Runs one operator on small tensors.
//
//   CHECK_NODE("Add", {vec({1, 2}), vec({3})}, vec({4, 5}));
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "graph/onnx_builder.hpp"
#include "interpreter.hpp"

namespace one_node {

using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;
using Attributes = OnnxBuilder::AttributeList;
using Integers = std::vector<std::int64_t>;

template <class T>
Tensor tensor(Shape shape, const std::vector<T>& values) {
  return Tensor::of<T>(std::move(shape), values);
}
Tensor vec(const std::vector<float>& values);
Tensor mat(std::int64_t rows, const std::vector<float>& values);
Tensor ints(const Integers& values);
Tensor bools(const std::vector<bool>& values);
Tensor scalar(float value);

/// An input that is left out.
Tensor absent();
bool is_absent(const Tensor& value);

std::vector<Tensor> run(const std::string& op_type, const std::vector<Tensor>& inputs,
                        const Attributes& attributes = {}, int opset = 21, int outputs = 1);

std::string failure(const std::string& op_type, const std::vector<Tensor>& inputs,
                    const Attributes& attributes = {}, int opset = 21);

/// Empty when the tensors are equal within 1e-6 (or the last bits of a half type).
std::string difference(const Tensor& got, const Tensor& expected);

void check(const std::string& op_type, const std::vector<Tensor>& inputs, const Tensor& expected,
           const Attributes& attributes = {}, int opset = 21);

inline constexpr std::array number_types{DType::f32, DType::f64, DType::f16, DType::bf16,
                                         DType::i8,  DType::u8,  DType::i16, DType::u16,
                                         DType::i32, DType::u32, DType::i64, DType::u64};
inline constexpr std::array real_types{DType::f32, DType::f64, DType::f16, DType::bf16};

/// The same in each of the types.
template <class Types>
void check_in(const Types& types, const std::string& op_type, const std::vector<Tensor>& inputs,
              const Tensor& expected, const Attributes& attributes = {}) {
  for (const DType dtype : types) {
    CAPTURE(ampd::tensor::to_string(dtype));
    std::vector<Tensor> typed;
    for (const Tensor& input : inputs) {
      typed.push_back(is_absent(input) ? input : ampd::tensor::convert(input, dtype));
    }
    check(op_type, typed, ampd::tensor::convert(expected, dtype), attributes);
  }
}

}  // namespace one_node
