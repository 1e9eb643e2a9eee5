// The graph: an ONNX model as values and nodes, the form that passes change and the engine
// compiles.
//
// Values and nodes are known by index inside one graph, and to people by name. Nodes stand in
// topological order. A value is a graph input, a constant (it holds its tensor) or the output of
// exactly one node; an output of the graph may be any of these. After `specialise` every shape is
// known and every node has the newest form of its operator (graph/newest_form.hpp). Passes may
// attach post-ops to a node: work that is done on its result before it is stored.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ampd/precision.hpp"
#include "tensor/tensor.hpp"

namespace ampd::graph {

using ValueId = std::int32_t;
inline constexpr ValueId no_value = -1;  // an optional input or output that is absent

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                               std::vector<float>, std::vector<std::string>, tensor::Tensor>;

/// A node's attributes by name. The getters throw Error(invalid) on a wrong type.
class Attributes {
 public:
  bool has(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
  float real(std::string_view name, float otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::vector<std::int64_t> integers(std::string_view name) const;  // empty when absent
  std::vector<float> reals(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  const tensor::Tensor* tensor(std::string_view name) const;  // null when absent
  void set(std::string name, Attribute value);
  void erase(std::string_view name);
  const std::map<std::string, Attribute, std::less<>>& all() const { return entries_; }

 private:
  std::map<std::string, Attribute, std::less<>> entries_;
};

struct Value {
  std::string name;
  tensor::DType dtype = tensor::DType::f32;
  std::optional<tensor::Shape> shape;  // unknown rank: none; extents may be unknown
  std::vector<std::string> symbols;    // of a graph input: names of its free extents
  std::optional<tensor::Tensor> constant;
};

/// Work on a node's result, in f32, before it is rounded and stored. Channels lie at axis 1, those
/// of a MatMul at the last axis.
struct PostOp {
  enum class Kind : std::uint8_t {
    eltwise,  // `op_type` names the ONNX activation, `attributes` its parameters
    sum,      // adds `operand`, a tensor of the result's shape
    add,      // adds `operand`, a constant vector, one number per channel
    mul,      // multiplies by `operand`, likewise
  };
  Kind kind = Kind::eltwise;
  std::string op_type;    // Relu, Clip, Sigmoid ...
  Attributes attributes;  // Clip: `min` and `max`, both there, as reals
  ValueId operand = no_value;
};

class Graph;

/// A graph inside a node (graph/control_flow.hpp): a branch of If, what Loop and Scan repeat. Its
/// inputs are its formal ones, then the values that it reads from around the node, which are inputs
/// of the node too, from `captured_from` on.
struct Body {
  std::string attribute;
  std::shared_ptr<const Graph> graph;
  std::size_t captured_from = 0;
  std::size_t captured_count = 0;
};

struct Node {
  std::string name;     // unique in the graph; the ONNX node's, or of the node a fusion grew from
  std::string op_type;  // an ONNX operator of the default domain, or a fused form
  std::string domain;   // empty: ai.onnx
  int opset = 0;        // the version of `domain` that the node is written in
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  Attributes attributes;
  std::vector<Body> bodies;  // in the order in which the operator names them
  std::vector<PostOp> post_ops;
  std::optional<Precision> stored_precision;  // fixed by cast pairs found in the file
  std::vector<std::string> absorbed;          // names of nodes that were fused into this one
};

class Graph {
 public:
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;  // without initializers
  std::vector<ValueId> outputs;
  std::vector<std::string> external_files;  // inside the model's folder, that hold its tensors

  const Value& value(ValueId id) const { return values.at(static_cast<std::size_t>(id)); }
  Value& value(ValueId id) { return values.at(static_cast<std::size_t>(id)); }
  ValueId add_value(Value value);
  ValueId add_constant(std::string name, tensor::Tensor constant);

  /// The index of the node that makes each value; none for inputs and constants.
  std::vector<std::optional<std::size_t>> producers() const;
  /// The indices of the nodes that read each value, post-op operands included, once per use.
  std::vector<std::vector<std::size_t>> consumers() const;
  bool is_output(ValueId id) const;

  const Node* find_node(std::string_view node_name) const;
};

/// Throws Error(invalid) when the graph is not well formed: an index out of range, a value read
/// before it is made or made twice, two nodes of one name, a constant whose shape differs from its
/// value's. `after` names the step that made the graph, for the sentence.
void verify(const Graph& graph, std::string_view after);

}  // namespace ampd::graph
