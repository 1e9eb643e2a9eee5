#include "graph/onnx_export.hpp"

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <climits>
#include <set>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "graph/node_error.hpp"
#include "graph/older_form.hpp"
#include "graph/onnx_import.hpp"
#include "graph/onnx_tensor.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/precision_casts.hpp"

namespace ampd::graph {
namespace {

constexpr int ir_version = 8;  // the newest that opset 17 came with

const onnx::OpSchema& schema_of(const Node& node, int opset) {
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(node.op_type, opset, node.domain);
  if (schema == nullptr || schema->Deprecated()) {
    throw NodeError(node, "has no form at opset " + std::to_string(opset) + " or lower",
                    ErrorCode::unsupported);
  }
  return *schema;
}

/// Whether the schema at `opset` lets the operator's data be of `dtype`.
bool schema_allows(const Node& node, tensor::DType dtype, int opset) {
  const onnx::OpSchema& schema = schema_of(node, opset);
  const std::string type = dtype == tensor::DType::f32
                               ? "tensor(float)"
                               : "tensor(" + std::string(tensor::to_string(dtype)) + ")";
  const auto types = schema.inputs().at(0).GetTypes();
  return std::ranges::any_of(types, [&type](const auto& each) { return *each == type; });
}

class ModelWriter {
 public:
  ModelWriter(const Graph& graph, const onnx::ModelProto& original, int opset)
      : graph_(graph), original_(original), opset_(opset) {}

  onnx::ModelProto write() {
    model_.set_ir_version(ir_version);
    model_.set_producer_name("ampd");
    model_.set_doc_string(original_.doc_string());
    model_.set_domain(original_.domain());
    model_.set_model_version(original_.model_version());
    *model_.mutable_metadata_props() = original_.metadata_props();
    onnx::OperatorSetIdProto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(opset_);
    model_.mutable_graph()->set_name(original_.graph().name().empty() ? "graph"
                                                                      : original_.graph().name());
    name_values();
    write_interface();
    for (const Node& node : graph_.nodes) write_node(node);
    return std::move(model_);
  }

 private:
  /// Inputs and outputs keep their names; others are made unique.
  void name_values() {
    names_.resize(graph_.values.size());
    std::set<std::string> taken;
    const auto keep = [&](ValueId id) {
      names_[static_cast<std::size_t>(id)] = graph_.value(id).name;
      taken.insert(graph_.value(id).name);
    };
    for (const ValueId id : graph_.inputs) keep(id);
    for (const ValueId id : graph_.outputs) keep(id);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!names_[i].empty()) continue;
      std::string name = graph_.values[i].name;
      for (int number = 2; name.empty() || !taken.insert(name).second; ++number) {
        name = graph_.values[i].name + "_" + std::to_string(number);
      }
      names_[i] = name;
    }
  }

  const std::string& name(ValueId id) const {
    static const std::string absent;
    return id == no_value ? absent : names_[static_cast<std::size_t>(id)];
  }

  void write_interface() {
    for (const onnx::ValueInfoProto& input : original_.graph().input()) {
      const auto kept = std::ranges::any_of(
          graph_.inputs, [&](ValueId id) { return graph_.value(id).name == input.name(); });
      if (kept) *model_.mutable_graph()->add_input() = input;
    }
    for (const ValueId id : graph_.outputs) {
      const auto& outputs = original_.graph().output();
      const auto listed =
          std::ranges::find(outputs, graph_.value(id).name, &onnx::ValueInfoProto::name);
      onnx::ValueInfoProto* info = model_.mutable_graph()->add_output();
      *info = *listed;
      complete_type(graph_.value(id), *info);
    }
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& value = graph_.values[i];
      if (!value.constant) continue;
      *model_.mutable_graph()->add_initializer() = onnx_from_tensor(*value.constant, names_[i]);
    }
  }

  /// The checker wants a shape where writers may leave it out.
  static void complete_type(const Value& value, onnx::ValueInfoProto& info) {
    auto* type = info.mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx_of_dtype(value.dtype));
    if (type->has_shape() || !value.shape) return;
    type->mutable_shape();
    for (const std::int64_t extent : *value.shape) {
      auto* dimension = type->mutable_shape()->add_dim();
      if (extent >= 0) dimension->set_dim_value(extent);
    }
  }

  void write_node(const Node& node) {
    onnx::NodeProto* proto = model_.mutable_graph()->add_node();
    proto->set_name(node.name);
    proto->set_op_type(node.op_type);
    for (const ValueId input : node.inputs) proto->add_input(name(input));
    for (const ValueId output : node.outputs) proto->add_output(name(output));
    while (proto->input_size() > 0 && proto->input(proto->input_size() - 1).empty()) {
      proto->mutable_input()->RemoveLast();
    }
    const onnx::OpSchema& schema = schema_of(node, opset_);
    for (const auto& [key, value] : node.attributes.all()) {
      if (!schema.attributes().contains(key)) {
        throw NodeError(node,
                        "has the attribute " + key + ", which opset " + std::to_string(opset_) +
                            " does not know",
                        ErrorCode::unsupported);
      }
      write_attribute(*proto->add_attribute(), key, value);
    }
  }

  static void write_attribute(onnx::AttributeProto& proto, const std::string& key,
                              const Attribute& value) {
    proto.set_name(key);
    std::visit([&proto](const auto& held) { fill(proto, held); }, value);
  }

  static void fill(onnx::AttributeProto& proto, std::int64_t value) {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(value);
  }
  static void fill(onnx::AttributeProto& proto, float value) {
    proto.set_type(onnx::AttributeProto::FLOAT);
    proto.set_f(value);
  }
  static void fill(onnx::AttributeProto& proto, const std::string& value) {
    proto.set_type(onnx::AttributeProto::STRING);
    proto.set_s(value);
  }
  static void fill(onnx::AttributeProto& proto, const std::vector<std::int64_t>& list) {
    proto.set_type(onnx::AttributeProto::INTS);
    proto.mutable_ints()->Add(list.begin(), list.end());
  }
  static void fill(onnx::AttributeProto& proto, const std::vector<float>& list) {
    proto.set_type(onnx::AttributeProto::FLOATS);
    proto.mutable_floats()->Add(list.begin(), list.end());
  }
  static void fill(onnx::AttributeProto& proto, const std::vector<std::string>& list) {
    proto.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& each : list) proto.add_strings(each);
  }
  static void fill(onnx::AttributeProto& proto, const tensor::Tensor& value) {
    proto.set_type(onnx::AttributeProto::TENSOR);
    *proto.mutable_t() = onnx_from_tensor(value, "");
  }

  const Graph& graph_;
  const onnx::ModelProto& original_;
  int opset_;
  onnx::ModelProto model_;
  std::vector<std::string> names_;
};

/// What `onnx.checker.check_model(full_check=True)` does.
void check(onnx::ModelProto model, const std::string& model_name) {
  try {
    onnx::checker::check_model(model);
    const onnx::ShapeInferenceOptions strict{true, 1, false};
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), strict);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::invalid, "the model " + model_name +
                                        " cannot be exported, because ONNX's checker refuses the "
                                        "result: " +
                                        error.what());
  }
}

std::vector<std::byte> serialised(const onnx::ModelProto& model, const std::string& model_name) {
  const std::size_t size = model.ByteSizeLong();
  if (static_cast<std::int64_t>(size) >= base::limits::model_bytes) {
    throw Error(ErrorCode::exhausted,
                "the model " + model_name + " exceeds 2 GiB, the limit of an ONNX file");
  }
  std::vector<std::byte> bytes(size);
  model.SerializeToArray(bytes.data(), static_cast<int>(size));
  return bytes;
}

int written_opset(const onnx::ModelProto& model) {
  for (const onnx::OperatorSetIdProto& entry : model.opset_import()) {
    if (entry.domain().empty() || entry.domain() == "ai.onnx") {
      return static_cast<int>(
          std::clamp<std::int64_t>(entry.version(), older_opset_min, older_opset_max));
    }
  }
  return older_opset_max;
}

}  // namespace

std::vector<std::byte> export_onnx(std::span<const std::byte> bytes,
                                   const std::filesystem::path& folder,
                                   const std::string& model_name,
                                   const std::map<std::string, Precision>& precisions,
                                   const NodeEvaluator& evaluate) {
  Graph graph = simplify(import_onnx(bytes, folder, model_name), evaluate);
  onnx::ModelProto original;
  original.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  original.mutable_graph()->clear_initializer();
  for (const Node& node : graph.nodes) {
    if (node.bodies.empty()) continue;
    throw NodeError(node, "cannot be exported, because inputs decide how it runs",
                    ErrorCode::unsupported);
  }
  const int opset = written_opset(original);
  insert_precision_casts(graph, precisions, [opset](const Node& node, tensor::DType dtype) {
    return schema_allows(node, dtype, opset);
  });
  lower_to_opset(graph, opset);
  apply_dead_code(graph, evaluate);
  const onnx::ModelProto model = ModelWriter(graph, original, opset).write();
  std::vector<std::byte> result = serialised(model, model_name);
  check(model, model_name);
  return result;
}

}  // namespace ampd::graph
