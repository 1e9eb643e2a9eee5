#include "one_node.hpp"

#include <cmath>
#include <map>

#include "ampd/error.hpp"
#include "interpreter.hpp"

namespace one_node {

Tensor vec(const std::vector<float>& values) {
  return tensor<float>({std::ssize(values)}, values);
}

Tensor mat(std::int64_t rows, const std::vector<float>& values) {
  return tensor<float>({rows, std::ssize(values) / rows}, values);
}

Tensor ints(const Integers& values) {
  return tensor<std::int64_t>({std::ssize(values)}, values);
}

Tensor bools(const std::vector<bool>& values) {
  return tensor<bool>({std::ssize(values)}, values);
}

Tensor scalar(float value) {
  return tensor<float>({}, {value});
}

Tensor absent() {
  return Tensor(DType::f32, {0, 0, 0, 0, 0});
}

bool is_absent(const Tensor& value) {
  return value.shape() == Shape{0, 0, 0, 0, 0};
}

std::vector<Tensor> run(const std::string& op_type, const std::vector<Tensor>& inputs,
                        const Attributes& attributes, int opset, int outputs) {
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

std::string failure(const std::string& op_type, const std::vector<Tensor>& inputs,
                    const Attributes& attributes, int opset) {
  try {
    run(op_type, inputs, attributes, opset);
  } catch (const ampd::Error& error) {
    return error.what();
  }
  return "";
}

std::string difference(const Tensor& got, const Tensor& expected) {
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

void check(const std::string& op_type, const std::vector<Tensor>& inputs, const Tensor& expected,
           const Attributes& attributes, int opset) {
  CAPTURE(op_type);
  CHECK(difference(run(op_type, inputs, attributes, opset)[0], expected) == "");
}

}  // namespace one_node
