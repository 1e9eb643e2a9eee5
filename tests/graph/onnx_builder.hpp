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

  explicit OnnxBuilder(int opset = 13) {
    model.set_ir_version(8);
    model.mutable_graph()->set_name("built");
    import_opset("", opset);
  }

  void import_opset(const std::string& domain, int version) {
    onnx::OperatorSetIdProto* entry = model.add_opset_import();
    entry->set_domain(domain);
    entry->set_version(version);
  }

  /// An extent of -1 is the free dimension "N".
  void input(const std::string& name, DType dtype, const Shape& shape) {
    onnx::ValueInfoProto* info = model.mutable_graph()->add_input();
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(ampd::graph::onnx_of_dtype(dtype));
    type->mutable_shape();
    for (const std::int64_t extent : shape) {
      auto* dimension = type->mutable_shape()->add_dim();
      if (extent < 0) {
        dimension->set_dim_param("N");
      } else {
        dimension->set_dim_value(extent);
      }
    }
  }

  void constant(const std::string& name, const Tensor& value) {
    *model.mutable_graph()->add_initializer() = proto_of(value, name);
  }

  onnx::NodeProto& node(const std::string& op_type, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs,
                        const AttributeList& attributes = {}, const std::string& name = "") {
    onnx::NodeProto* proto = model.mutable_graph()->add_node();
    proto->set_op_type(op_type);
    proto->set_name(name);
    for (const std::string& input : inputs) proto->add_input(input);
    for (const std::string& output : outputs) proto->add_output(output);
    for (const auto& [key, value] : attributes) set_attribute(*proto->add_attribute(), key, value);
    return *proto;
  }

  void output(const std::string& name, DType dtype = DType::f32) {
    onnx::ValueInfoProto* info = model.mutable_graph()->add_output();
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(ampd::graph::onnx_of_dtype(dtype));
  }

  std::string bytes() const { return model.SerializeAsString(); }

  ampd::graph::Graph import(const std::filesystem::path& folder = {}) const {
    const std::string text = bytes();
    return ampd::graph::import_onnx(std::as_bytes(std::span(text)), folder, "built");
  }

  static onnx::TensorProto proto_of(const Tensor& value, const std::string& name) {
    onnx::TensorProto proto;
    proto.set_name(name);
    proto.set_data_type(ampd::graph::onnx_of_dtype(value.dtype()));
    for (const std::int64_t extent : value.shape()) proto.add_dims(extent);
    proto.set_raw_data(value.bytes().data(), value.bytes().size());
    return proto;
  }

  onnx::ModelProto model;

 private:
  static void set_attribute(onnx::AttributeProto& proto, const std::string& key,
                            const AttributeValue& value) {
    proto.set_name(key);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      proto.set_type(onnx::AttributeProto::INT);
      proto.set_i(*integer);
    } else if (const auto* real = std::get_if<float>(&value)) {
      proto.set_type(onnx::AttributeProto::FLOAT);
      proto.set_f(*real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      proto.set_type(onnx::AttributeProto::STRING);
      proto.set_s(*text);
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
      proto.set_type(onnx::AttributeProto::INTS);
      for (const std::int64_t each : *integers) proto.add_ints(each);
    } else if (const auto* reals = std::get_if<std::vector<float>>(&value)) {
      proto.set_type(onnx::AttributeProto::FLOATS);
      for (const float each : *reals) proto.add_floats(each);
    } else if (const auto* tensor = std::get_if<Tensor>(&value)) {
      proto.set_type(onnx::AttributeProto::TENSOR);
      *proto.mutable_t() = proto_of(*tensor, key);
    }
  }
};
