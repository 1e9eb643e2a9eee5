#include "onnx_builder.hpp"

#include <span>

#include "graph/onnx_dtype.hpp"
#include "graph/onnx_import.hpp"

OnnxBuilder::OnnxBuilder(int opset) {
  model.set_ir_version(8);
  model.mutable_graph()->set_name("built");
  import_opset("", opset);
}

void OnnxBuilder::import_opset(const std::string& domain, int version) {
  onnx::OperatorSetIdProto* entry = model.add_opset_import();
  entry->set_domain(domain);
  entry->set_version(version);
}

void OnnxBuilder::input(const std::string& name, DType dtype, const Shape& shape) {
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

void OnnxBuilder::constant(const std::string& name, const Tensor& value) {
  *model.mutable_graph()->add_initializer() = proto_of(value, name);
}

onnx::NodeProto& OnnxBuilder::node(const std::string& op_type,
                                   const std::vector<std::string>& inputs,
                                   const std::vector<std::string>& outputs,
                                   const AttributeList& attributes, const std::string& name) {
  onnx::NodeProto* proto = model.mutable_graph()->add_node();
  proto->set_op_type(op_type);
  proto->set_name(name);
  for (const std::string& input : inputs) proto->add_input(input);
  for (const std::string& output : outputs) proto->add_output(output);
  for (const auto& [key, value] : attributes) set_attribute(*proto->add_attribute(), key, value);
  return *proto;
}

void OnnxBuilder::output(const std::string& name, DType dtype) {
  onnx::ValueInfoProto* info = model.mutable_graph()->add_output();
  info->set_name(name);
  info->mutable_type()->mutable_tensor_type()->set_elem_type(ampd::graph::onnx_of_dtype(dtype));
}

ampd::graph::Graph OnnxBuilder::import(const std::filesystem::path& folder) const {
  const std::string text = bytes();
  return ampd::graph::import_onnx(std::as_bytes(std::span(text)), folder, "built");
}

onnx::TensorProto OnnxBuilder::proto_of(const Tensor& value, const std::string& name) {
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(ampd::graph::onnx_of_dtype(value.dtype()));
  for (const std::int64_t extent : value.shape()) proto.add_dims(extent);
  proto.set_raw_data(value.bytes().data(), value.bytes().size());
  return proto;
}

void OnnxBuilder::set_attribute(onnx::AttributeProto& proto, const std::string& key,
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
