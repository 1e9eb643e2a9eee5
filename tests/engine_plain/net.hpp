// Models for tests: nodes are added value by value, weights are seeded noise.
//
//   Net net;
//   net.input("x", DType::f32, {1, 2, 3, 3});
//   net.output(net.add("Relu", {net.add("Conv", {"x", net.noise({2, 2, 1, 1})})}));
#pragma once

#include <random>
#include <string>
#include <vector>

#include "graph/onnx_builder.hpp"

/// A model under construction whose weights are seeded noise.
class Net : public OnnxBuilder {
 public:
  explicit Net(int opset = 13) : OnnxBuilder(opset) {}

  std::string noise(const Shape& shape, float lowest = -1) {
    const std::string name = "c" + std::to_string(++constants_);
    constant(name, noise_tensor(shape, lowest, constants_));
    return name;
  }

  std::string integers(const std::vector<std::int64_t>& list) {
    const std::string name = "c" + std::to_string(++constants_);
    constant(name, Tensor::of<std::int64_t>({std::ssize(list)}, list));
    return name;
  }

  static Tensor noise_tensor(const Shape& shape, float lowest, int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    std::uniform_real_distribution<float> uniform(lowest, 1);
    Tensor value(DType::f32, shape);
    for (float& element : value.mutable_values<float>()) element = uniform(random);
    return value;
  }

  /// Adds a node and returns the value that it makes.
  std::string add(const std::string& op_type, const std::vector<std::string>& inputs,
                  const AttributeList& attributes = {}) {
    const std::string result = "v" + std::to_string(model.graph().node_size());
    node(op_type, inputs, {result}, attributes);
    return result;
  }

 private:
  int constants_ = 0;
};
