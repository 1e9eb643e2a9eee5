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
inline Tensor vec(const std::vector<float>& values) {
  return tensor<float>({std::ssize(values)}, values);
}
inline Tensor mat(std::int64_t rows, const std::vector<float>& values) {
  return tensor<float>({rows, std::ssize(values) / rows}, values);
}
inline Tensor ints(const Integers& values) {
  return tensor<std::int64_t>({std::ssize(values)}, values);
}
inline Tensor bools(const std::vector<bool>& values) {
  return tensor<bool>({std::ssize(values)}, values);
}
inline Tensor scalar(float value) {
  return tensor<float>({}, {value});
}

/// An input that is left out.
inline Tensor absent() {
  return Tensor(DType::f32, {0, 0, 0, 0, 0});
}
inline bool is_absent(const Tensor& value) {
  return value.shape() == Shape{0, 0, 0, 0, 0};
}

inline std::vector<Tensor> run(const std::string& op_type, const std::vector<Tensor>& inputs,
                               const Attributes& attributes = {}, int opset = 21, int outputs = 1) {
  OnnxBuilder model(opset);
  std::vector<std::string> names;
  std::map<std::string, Tensor> values;
  for (const Tensor& input : inputs) {
    names.push_back(is_absent(input) ? "" : "i" + std::to_string(names.size()));
    if (names.back().empty()) continue;
    model.input(names.back(), input.dtype(), input.shape());
    values.emplace(names.back(), input);
  }
  std::vector<std::string> results;
  for (int i = 0; i < outputs; ++i) {
    results.push_back("o" + std::to_string(i));
    model.output(results.back());
  }
  model.node(op_type, names, results, attributes, "it");
  return Interpreter::run(model.import(), values);
}

inline std::string failure(const std::string& op_type, const std::vector<Tensor>& inputs,
                           const Attributes& attributes = {}, int opset = 21) {
  try {
    run(op_type, inputs, attributes, opset);
  } catch (const ampd::Error& error) {
    return error.what();
  }
  return "";
}

/// Empty when the tensors are equal within 1e-6 (or the last bits of a half type).
inline std::string difference(const Tensor& got, const Tensor& expected) {
  if (got.dtype() != expected.dtype()) {
    return "the type " + std::string(ampd::tensor::to_string(got.dtype()));
  }
  if (got.shape() != expected.shape()) return "the shape " + ampd::tensor::to_string(got.shape());
  const bool is_half = got.dtype() == DType::f16 || got.dtype() == DType::bf16;
  const Tensor a = ampd::tensor::convert(got, DType::f64);
  const Tensor b = ampd::tensor::convert(expected, DType::f64);
  for (std::size_t i = 0; i < a.values<double>().size(); ++i) {
    const double x = a.values<double>()[i];
    const double y = b.values<double>()[i];
    const double tolerance = (is_half ? 1e-2 : 1e-6) * std::max(1.0, std::abs(y));
    if (x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= tolerance) continue;
    return "element " + std::to_string(i) + " = " + std::to_string(x) + ", expected " +
           std::to_string(y);
  }
  return "";
}

inline void check(const std::string& op_type, const std::vector<Tensor>& inputs,
                  const Tensor& expected, const Attributes& attributes = {}, int opset = 21) {
  CAPTURE(op_type);
  CHECK(difference(run(op_type, inputs, attributes, opset)[0], expected) == "");
}

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
