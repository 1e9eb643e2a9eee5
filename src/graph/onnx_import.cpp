#include "graph/onnx_import.hpp"

#include <climits>
#include <map>
#include <set>
#include <utility>

#include "ampd/error.hpp"
#include "base/limits.hpp"
#include "graph/node_names.hpp"
#include "graph/onnx_scan.hpp"
#include "graph/onnx_tensor.hpp"

namespace ampd::graph {
namespace {

constexpr std::int64_t opset_min = 1;
constexpr std::int64_t opset_max = 21;

class ModelReader {
 public:
  ModelReader(onnx::ModelProto& model, const std::filesystem::path& folder,
              const std::string& model_name)
      : model_(model),
        proto_(*model.mutable_graph()),
        own_(folder),
        external_(own_),
        model_name_(model_name) {}

  ModelReader(const ModelReader&) = delete;

  Graph read() {
    check_limits();
    read_opsets();
    read_parts();
    graph_.external_files = external_.locations();
    verify(graph_, "import");
    return std::move(graph_);
  }

 private:
  /// Of a graph inside a node of `around`.
  ModelReader(onnx::GraphProto& proto, ModelReader& around)
      : model_(around.model_),
        proto_(proto),
        own_({}),
        external_(around.external_),
        model_name_(around.model_name_),
        opsets_(around.opsets_),
        around_(&around),
        depth_(around.depth_ + 1) {
    if (depth_ > base::limits::graph_depth) fail("has graphs too deep inside each other");
  }

  void read_parts() {
    graph_.name = model_name_;
    read_initializers();
    read_inputs();
    read_nodes();
    read_outputs();
  }

  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::invalid) const {
    throw Error(code, "the model " + model_name_ + " " + what);
  }

  void check_limits() const {
    if (proto_.node_size() > base::limits::graph_nodes) {
      fail("has " + std::to_string(proto_.node_size()) + " nodes, more than the limit of " +
               std::to_string(base::limits::graph_nodes),
           ErrorCode::exhausted);
    }
    if (proto_.sparse_initializer_size() > 0) {
      fail("has the sparse initializer " + proto_.sparse_initializer(0).values().name() +
               "; store it as a dense one",
           ErrorCode::unsupported);
    }
  }

  void read_opsets() {
    for (const onnx::OperatorSetIdProto& entry : model_.opset_import()) {
      const std::string domain = entry.domain() == "ai.onnx" ? "" : entry.domain();
      if (!opsets_.emplace(domain, entry.version()).second) {
        fail("imports the operators of domain \"" + domain + "\" twice");
      }
    }
    const auto found = opsets_.find("");
    const std::int64_t opset = found != opsets_.end() ? found->second : 1;
    if (opset < opset_min || opset > opset_max) {
      fail("has opset " + std::to_string(opset) + ", and ampd reads opsets " +
               std::to_string(opset_min) + " to " + std::to_string(opset_max) +
               "; convert it with onnx.version_converter",
           ErrorCode::unsupported);
    }
  }

  ValueId declare(Value value, const std::string& maker) {
    if (value.name.size() > base::limits::name_characters) {
      fail("has a name of more than " + std::to_string(base::limits::name_characters) +
           " characters, of " + maker);
    }
    const std::string name = value.name;
    const ValueId id = graph_.add_value(std::move(value));
    if (!values_.emplace(name, id).second) fail("makes the value " + name + " twice");
    return id;
  }

  /// Each proto is emptied once it is read, so that the weights are not held twice.
  void read_initializers() {
    for (onnx::TensorProto& initializer : *proto_.mutable_initializer()) {
      if (initializer.name().empty()) fail("has an initializer without a name");
      Value value;
      value.name = initializer.name();
      value.constant = tensor_from_onnx(initializer, initializer.name(), external_);
      value.dtype = value.constant->dtype();
      value.shape = value.constant->shape();
      initializer.Clear();
      declare(std::move(value), "an initializer");
    }
  }

  void read_inputs() {
    std::set<std::string> names;
    for (const onnx::ValueInfoProto& input : proto_.input()) {
      if (!names.insert(input.name()).second) fail("lists the input " + input.name() + " twice");
      if (values_.contains(input.name())) continue;  // the initializer is its value
      graph_.inputs.push_back(declare(input_value(input), "an input"));
    }
  }

  Value input_value(const onnx::ValueInfoProto& input) const {
    if (input.name().empty()) fail("has an input without a name");
    Value value;
    value.name = input.name();
    const bool may_be_untyped = around_ != nullptr;  // the node tells what it hands in
    if (may_be_untyped && !input.has_type()) return value;
    if (!input.type().has_tensor_type()) {
      fail("has the input " + input.name() + ", which is not a dense tensor",
           ErrorCode::unsupported);
    }
    const onnx::TypeProto::Tensor& type = input.type().tensor_type();
    const std::optional<tensor::DType> dtype = dtype_of_onnx(type.elem_type());
    if (!dtype) {
      fail("has the input " + input.name() + " of type " + onnx_type_name(type.elem_type()) +
               ", which ampd does not hold",
           ErrorCode::unsupported);
    }
    value.dtype = *dtype;
    if (type.has_shape()) read_shape(type.shape(), value);
    return value;
  }

  void read_shape(const onnx::TensorShapeProto& proto, Value& value) const {
    if (proto.dim_size() > base::limits::tensor_rank) {
      fail("has the input " + value.name + " of more than " +
           std::to_string(base::limits::tensor_rank) + " dimensions");
    }
    tensor::Shape shape;
    for (const onnx::TensorShapeProto::Dimension& dimension : proto.dim()) {
      const bool known = dimension.has_dim_value() && dimension.dim_value() >= 0;
      shape.push_back(known ? dimension.dim_value() : tensor::unknown_extent);
      value.symbols.push_back(dimension.dim_param());
    }
    value.shape = shape;
  }

  void read_nodes() {
    NodeNames names;
    for (const onnx::NodeProto& node : proto_.node()) names.reserve(node.name());
    for (int index = 0; index < proto_.node_size(); ++index) {
      onnx::NodeProto& node = *proto_.mutable_node(index);
      const std::string unnamed = node.op_type() + "_" + std::to_string(index);
      read_node(node, node.name().empty() ? names.make_unique(unnamed) : names.claim(node.name()));
    }
  }

  void read_node(onnx::NodeProto& proto, std::string name) {
    Node node;
    node.name = std::move(name);
    if (proto.op_type().empty()) fail("has the node " + node.name + " without an operator");
    if (node.name.size() > base::limits::name_characters) {
      fail("has a node name of more than " + std::to_string(base::limits::name_characters) +
           " characters");
    }
    node.op_type = proto.op_type();
    node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
    const auto opset = opsets_.find(node.domain);
    if (opset == opsets_.end()) {
      fail("uses the domain \"" + node.domain + "\" at node " + node.name +
           " without importing its operators");
    }
    node.opset = static_cast<int>(std::clamp<std::int64_t>(opset->second, 0, INT_MAX));
    for (const std::string& input : proto.input()) node.inputs.push_back(resolve(input, node));
    for (const std::string& output : proto.output()) {
      Value value;
      value.name = output;
      node.outputs.push_back(output.empty() ? no_value
                                            : declare(std::move(value), "node " + node.name));
    }
    if (node.outputs.empty()) fail("has the node " + node.name + " without outputs");
    for (onnx::AttributeProto& attribute : *proto.mutable_attribute()) {
      if (type_of(attribute) == onnx::AttributeProto::GRAPH) {
        read_body(attribute, node);
      } else {
        read_attribute(attribute, node);
      }
    }
    graph_.nodes.push_back(std::move(node));
  }

  void read_body(onnx::AttributeProto& proto, Node& node) {
    ModelReader reader(*proto.mutable_g(), *this);
    reader.read_parts();
    Body body;
    body.attribute = proto.name();
    body.captured_from = node.inputs.size();
    body.captured_count = reader.captured_.size();
    for (const std::string& name : reader.captured_) node.inputs.push_back(resolve(name, node));
    for (const ValueId id : reader.captured_ids_) reader.graph_.inputs.push_back(id);
    verify(reader.graph_, "import");
    body.graph = std::make_shared<const Graph>(std::move(reader.graph_));
    node.bodies.push_back(std::move(body));
  }

  bool is_around(const std::string& name) const {
    return values_.contains(name) || (around_ != nullptr && around_->is_around(name));
  }

  /// A value from around this graph becomes an input of it.
  ValueId capture(const std::string& name) {
    Value value;
    value.name = name;
    captured_.push_back(name);
    captured_ids_.push_back(declare(std::move(value), "a graph in a node"));
    return captured_ids_.back();
  }

  ValueId resolve(const std::string& name, const Node& reader) {
    if (name.empty()) return no_value;
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    if (around_ != nullptr && around_->is_around(name)) return capture(name);
    for (const onnx::NodeProto& node : proto_.node()) {
      for (const std::string& output : node.output()) {
        if (output == name) {
          fail("reads " + name + " at node " + reader.name +
               " before it is made: its nodes are not in topological order, or form a cycle");
        }
      }
    }
    fail("reads " + name + " at node " + reader.name + ", which nothing makes");
  }

  void read_attribute(const onnx::AttributeProto& proto, Node& node) {
    const std::string place = "attribute " + proto.name() + " of node " + node.name;
    if (proto.name().empty() || node.attributes.has(proto.name())) {
      fail("has a nameless or repeated attribute, " + proto.name() + ", at node " + node.name);
    }
    if (!proto.ref_attr_name().empty()) {
      fail("refers to a function's attribute in " + place + ", outside of any function");
    }
    std::optional<Attribute> value = attribute_value(proto, place);
    if (value) node.attributes.set(proto.name(), std::move(*value));
  }

  /// None for lists of graphs and for types, which only operators have that are refused by name.
  std::optional<Attribute> attribute_value(const onnx::AttributeProto& proto,
                                           const std::string& place) {
    switch (type_of(proto)) {
      case onnx::AttributeProto::INT:
        return proto.i();
      case onnx::AttributeProto::FLOAT:
        return proto.f();
      case onnx::AttributeProto::STRING:
        return proto.s();
      case onnx::AttributeProto::TENSOR:
        return tensor_from_onnx(proto.t(), place, external_);
      case onnx::AttributeProto::INTS:
        return std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end());
      case onnx::AttributeProto::FLOATS:
        return std::vector<float>(proto.floats().begin(), proto.floats().end());
      case onnx::AttributeProto::STRINGS:
        return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
      case onnx::AttributeProto::SPARSE_TENSOR:
      case onnx::AttributeProto::SPARSE_TENSORS:
        fail("has a sparse tensor, " + place, ErrorCode::unsupported);
      default:
        return std::nullopt;
    }
  }

  /// Early writers left the type out: then the field that is filled tells it.
  static onnx::AttributeProto::AttributeType type_of(const onnx::AttributeProto& proto) {
    if (proto.type() != onnx::AttributeProto::UNDEFINED) return proto.type();
    if (proto.has_i()) return onnx::AttributeProto::INT;
    if (proto.has_f()) return onnx::AttributeProto::FLOAT;
    if (proto.has_s()) return onnx::AttributeProto::STRING;
    if (proto.has_t()) return onnx::AttributeProto::TENSOR;
    if (proto.has_g()) return onnx::AttributeProto::GRAPH;
    if (proto.floats_size() > 0) return onnx::AttributeProto::FLOATS;
    if (proto.strings_size() > 0) return onnx::AttributeProto::STRINGS;
    if (proto.ints_size() > 0) return onnx::AttributeProto::INTS;
    return onnx::AttributeProto::UNDEFINED;
  }

  void read_outputs() {
    if (proto_.output_size() == 0) fail("has no outputs");
    for (const onnx::ValueInfoProto& output : proto_.output()) {
      const auto found = values_.find(output.name());
      const bool is_captured =
          found == values_.end() && around_ != nullptr && around_->is_around(output.name());
      if (found == values_.end() && !is_captured) {
        fail("lists the output " + output.name() + ", which nothing makes");
      }
      const ValueId id = is_captured ? capture(output.name()) : found->second;
      if (around_ == nullptr && graph_.is_output(id)) {
        fail("lists the output " + output.name() + " twice");
      }
      graph_.outputs.push_back(id);
    }
  }

  onnx::ModelProto& model_;
  onnx::GraphProto& proto_;
  ExternalData own_;
  ExternalData& external_;
  std::string model_name_;
  Graph graph_;
  std::map<std::string, std::int64_t> opsets_;
  std::map<std::string, ValueId, std::less<>> values_;
  ModelReader* around_ = nullptr;  // of a graph inside a node: the reader of the one around it
  std::int64_t depth_ = 0;
  std::vector<std::string> captured_;  // names of values from around, and what they are here
  std::vector<ValueId> captured_ids_;
};

}  // namespace

Graph import_onnx(std::span<const std::byte> bytes, const std::filesystem::path& folder,
                  const std::string& model_name) {
  if (static_cast<std::int64_t>(bytes.size()) >= base::limits::model_bytes) {
    throw Error(ErrorCode::exhausted,
                "the model " + model_name + " exceeds 2 GiB; keep its tensors as external data");
  }
  if (count_parts(bytes, base::limits::model_parts) > base::limits::model_parts) {
    throw Error(ErrorCode::exhausted, "the model " + model_name + " holds more than " +
                                          std::to_string(base::limits::model_parts) +
                                          " nodes, names and other parts");
  }
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(ErrorCode::invalid, "the model " + model_name + " is damaged or not an ONNX file");
  }
  if (!model.has_graph()) {
    throw Error(ErrorCode::invalid, "the model " + model_name + " holds no graph");
  }
  return ModelReader(model, folder, model_name).read();
}

NamedTensor read_tensor_proto(std::span<const std::byte> bytes, const std::string& file_name) {
  onnx::TensorProto proto;
  if (static_cast<std::int64_t>(bytes.size()) >= base::limits::model_bytes ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(ErrorCode::invalid, file_name + " is damaged or not an ONNX tensor");
  }
  ExternalData none{std::filesystem::path()};
  return {proto.name(), tensor_from_onnx(proto, file_name, none)};
}

}  // namespace ampd::graph
