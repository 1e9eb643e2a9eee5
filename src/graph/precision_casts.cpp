#include "graph/precision_casts.hpp"

#include <algorithm>
#include <utility>

#include "graph/newest_form.hpp"
#include "graph/node_error.hpp"
#include "graph/node_names.hpp"
#include "graph/onnx_dtype.hpp"
#include "graph/rounded_inputs.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;

class CastWriter {
 public:
  CastWriter(Graph& graph, const AllowsDType& allows) : graph_(graph), allows_(allows) {
    for (const Node& node : graph.nodes) names_.reserve(node.name);
  }

  void run(const std::map<std::string, Precision>& precisions) {
    for (Node& node : std::exchange(graph_.nodes, {})) {
      const auto wanted = precisions.find(node.name);
      const Precision precision = wanted != precisions.end()
                                      ? wanted->second
                                      : node.stored_precision.value_or(Precision::fp32);
      node.stored_precision.reset();
      if (precision == Precision::fp32) {
        graph_.nodes.push_back(std::move(node));
      } else {
        write(std::move(node), precision);
      }
    }
  }

 private:
  void write(Node node, Precision precision) {
    const DType dtype = tensor::storage_of(precision);
    if (!tensor::is_floating(dtype) || rounded_inputs(node.op_type).empty() ||
        graph_.value(node.inputs[0]).dtype != DType::f32) {
      throw NodeError(node, "cannot be exported in " + std::string(to_string(precision)),
                      ErrorCode::unsupported);
    }
    const bool is_native = keeps_bias_exact(node) && allows_(node, dtype);
    for (const std::size_t slot : rounded_inputs(node.op_type)) {
      if (slot >= node.inputs.size() || node.inputs[slot] == no_value) continue;
      ValueId& input = node.inputs[slot];
      input = cast(input, dtype);
      if (!is_native) input = cast(input, DType::f32);
    }
    const bool adds_bias = is_native && node.op_type == "Gemm" && node.inputs.size() > 2;
    std::vector<Node> after;
    if (adds_bias) after.push_back(separate_bias(node));
    for (ValueId& output : node.outputs) {
      if (output != no_value) output = round(output, dtype, is_native, after);
    }
    graph_.nodes.push_back(std::move(node));
    std::ranges::move(after, std::back_inserter(graph_.nodes));
  }

  /// Whether nothing but data and weights would be rounded if the node itself computed lower.
  static bool keeps_bias_exact(const Node& node) {
    if (node.op_type == "Gemm") return true;
    const auto rounded = rounded_inputs(node.op_type);
    for (std::size_t slot = 0; slot < node.inputs.size(); ++slot) {
      if (node.inputs[slot] != no_value && std::ranges::find(rounded, slot) == rounded.end()) {
        return false;
      }
    }
    return true;
  }

  /// The value in `dtype`: a constant converted, else made by one Cast for all that need it.
  ValueId cast(ValueId from, DType dtype) {
    const auto [known, is_new] = casts_.emplace(std::pair(from, dtype), no_value);
    if (!is_new) return known->second;
    const std::string name = graph_.value(from).name + "/" + word(dtype);
    const bool is_float_constant = graph_.value(from).constant && dtype != DType::f32;
    if (is_float_constant) {
      return known->second =
                 graph_.add_constant(name, tensor::convert(*graph_.value(from).constant, dtype));
    }
    known->second = new_value(name, dtype, graph_.value(from).shape);
    graph_.nodes.push_back(cast_node(from, known->second));
    return known->second;
  }

  /// Where the node's result goes so that, through casts in `after`, it ends as `output`.
  ValueId round(ValueId output, DType dtype, bool is_native, std::vector<Node>& after) {
    const Value value = graph_.value(output);
    const ValueId low = new_value(value.name + "/" + word(dtype), dtype, value.shape);
    after.insert(after.begin(), cast_node(low, output));
    if (is_native) return low;
    const ValueId exact = new_value(value.name + "/exact", DType::f32, value.shape);
    after.insert(after.begin(), cast_node(exact, low));
    return exact;
  }

  /// A Gemm in a lower precision would round its bias; so that is added in float32 afterwards.
  Node separate_bias(Node& gemm) {
    const ValueId result = gemm.outputs[0];
    const Value value = graph_.value(result);
    gemm.outputs[0] = new_value(value.name + "/product", DType::f32, value.shape);
    Node add;
    add.name = names_.make_unique(gemm.name + "/Add");
    add.op_type = "Add";
    add.opset = gemm.opset;
    add.inputs = {gemm.outputs[0], gemm.inputs[2]};
    add.outputs = {result};
    gemm.inputs.resize(2);
    return add;
  }

  static std::string word(DType dtype) { return std::string(tensor::to_string(dtype)); }

  ValueId new_value(const std::string& name, DType dtype, std::optional<tensor::Shape> shape) {
    Value value;
    value.name = name;
    value.dtype = dtype;
    value.shape = std::move(shape);
    return graph_.add_value(std::move(value));
  }

  Node cast_node(ValueId from, ValueId to) {
    Node node;
    node.name = names_.make_unique(graph_.value(from).name + "/Cast");
    node.op_type = "Cast";
    node.opset = newest_opset;
    node.inputs = {from};
    node.outputs = {to};
    node.attributes.set("to", std::int64_t{onnx_of_dtype(graph_.value(to).dtype)});
    return node;
  }

  Graph& graph_;
  const AllowsDType& allows_;
  NodeNames names_;
  std::map<std::pair<ValueId, DType>, ValueId> casts_;
};

}  // namespace

void insert_precision_casts(Graph& graph, const std::map<std::string, Precision>& precisions,
                            const AllowsDType& allows) {
  for (const auto& [name, precision] : precisions) {
    if (graph.find_node(name) == nullptr) {
      throw Error(ErrorCode::not_found, "the model " + graph.name + " has no operator " + name);
    }
  }
  CastWriter(graph, allows).run(precisions);
  verify(graph, "the insertion of casts");
}

}  // namespace ampd::graph
