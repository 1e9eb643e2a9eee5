// Builds small ONNX models as bytes, for tests of whatever reads or runs them.
//
//   OnnxBuilder model(13);
//   model.input("x", DType::f32, {-1, 3});
//   model.constant("w", Tensor::of<float>({3, 2}, {...}));
//   model.node("MatMul", {"x", "w"}, {"y"}, {}, "first");
//   model.output("y");
//   Graph graph = model.import();
#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "graph/onnx_dtype.hpp"
#include "graph/onnx_import.hpp"

class OnnxBuilder {
 public:
  using Tensor = ampd::tensor::Tensor;
  using DType = ampd::tensor::DType;
  using Shape = ampd::tensor::Shape;
  using AttributeValue = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                                      std::vector<float>, Tensor>;
  using AttributeList = std::vector<std::pair<std::string, AttributeValue>>;

  explicit OnnxBuilder(int opset = 13);

  void import_opset(const std::string& domain, int version);

  /// An extent of -1 is the free dimension "N".
  void input(const std::string& name, DType dtype, const Shape& shape);

  void constant(const std::string& name, const Tensor& value);

  onnx::NodeProto& node(const std::string& op_type, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs,
                        const AttributeList& attributes = {}, const std::string& name = "");

  void output(const std::string& name, DType dtype = DType::f32);

  std::string bytes() const { return model.SerializeAsString(); }

  ampd::graph::Graph import(const std::filesystem::path& folder = {}) const;

  static onnx::TensorProto proto_of(const Tensor& value, const std::string& name);

  onnx::ModelProto model;

 private:
  static void set_attribute(onnx::AttributeProto& proto, const std::string& key,
                            const AttributeValue& value);
};
