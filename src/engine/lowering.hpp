// From a graph and its dtypes to steps: what the families of operators build with.
//
// Every value made here has an identity, its index. Equal requests give equal values: a node with
// the same dtypes on the same inputs is lowered once, and so is a value in another layout. So
// assignments that agree up to an operator share everything up to it, and nothing that is chosen
// here depends on what else is in the program.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/dtype_assignment.hpp"
#include "engine/operators.hpp"
#include "engine/step.hpp"
#include "engine/weight_cache.hpp"

namespace ampd::engine {

/// The arguments of one primitive, for Lowering::add.
struct PrimitiveStep {
  std::string type{};  // the ONNX operator; empty: the node's
  std::vector<std::pair<int, ValueIndex>> arguments{};
  std::optional<ValueIndex> overwritten{};  // what a sum post-op adds to
  bool may_replace = false;
  tensor::DType source = tensor::DType::f32;
  tensor::DType weights = tensor::DType::f32;
  std::optional<std::int64_t> flops{};  // nothing: all that the node's steps so far left over
};

class Lowering {
 public:
  Lowering(const graph::Graph& graph, WeightCache& weights);

  /// Adds what computes the graph under `assignment`; returns its outputs, row-major and in the
  /// graph's own dtypes.
  std::vector<ValueIndex> add(const Assignment& assignment);

  const std::vector<Step>& steps() const { return steps_; }
  std::deque<StoredValue> take_values() { return std::move(values_); }
  std::vector<Step> take_steps() { return std::move(steps_); }

  // For the families of operators, while a node is lowered:

  const graph::Graph& graph() const { return graph_; }
  static bool has_input(const graph::Node& node, std::size_t slot);
  /// The form in which the node's input is stored, whatever its dtype and layout.
  ValueIndex input(const graph::Node& node, std::size_t slot) const;
  ValueIndex stored(graph::ValueId id) const;
  /// The input's constant tensor; null if it is absent or not constant.
  const tensor::Tensor* constant_input(const graph::Node& node, std::size_t slot) const;
  const tensor::Shape& shape_of(graph::ValueId id) const;
  const Layout& layout(ValueIndex value) const;

  tensor::DType source_dtype() const { return source_dtype_; }
  tensor::DType destination_dtype(std::size_t output = 0) const;

  /// The value in another dtype or layout: itself, a view, or made by one shared reorder.
  ValueIndex as(ValueIndex value, const Layout& layout);
  ValueIndex as_dtype(ValueIndex value, tensor::DType dtype);
  ValueIndex as_dense(ValueIndex value);
  ValueIndex as_row_major(ValueIndex value, tensor::DType dtype);
  ValueIndex as_channels_last(ValueIndex value, tensor::DType dtype);
  /// Other extents for the same elements in row-major order.
  ValueIndex reshaped(ValueIndex value, const tensor::Shape& shape);
  ValueIndex view(ValueIndex value, Layout layout, std::int64_t offset_bytes = 0);
  ValueIndex constant(const std::string& name, const tensor::Tensor& tensor);

  /// A step of the node that runs a primitive.
  ValueIndex add(const onednn::Offer& offer, const Layout& destination, PrimitiveStep step);
  /// The same with several results, each with its argument of the execution.
  std::vector<ValueIndex> add(const onednn::Offer& offer,
                              const std::vector<std::pair<int, Layout>>& results,
                              PrimitiveStep step);
  /// A step of the node that runs own code; its first output may take the first input's place if it
  /// only reads there what it writes next.
  std::vector<ValueIndex> add(std::string implementation, std::vector<ValueIndex> inputs,
                              const std::vector<Layout>& outputs, LoopCall call,
                              bool may_replace = false);

  /// The node's output; converted to the dtype that it shall be stored in.
  void define(const graph::Node& node, std::size_t output, ValueIndex value);

 private:
  using NodeKey = std::vector<std::int64_t>;

  NodeKey key_of(std::size_t index, const NodeDtypes& dtypes) const;
  void lower(const graph::Node& node, const NodeDtypes& dtypes);
  bool try_lower(const graph::Node& node, const Operator& entry);
  void lower_plain(const graph::Node& node);
  ValueIndex add_value(StoredValue value);
  ValueIndex root(ValueIndex value, std::int64_t& offset_bytes) const;
  ValueIndex reordered(ValueIndex value, const Layout& layout);

  const graph::Graph& graph_;
  WeightCache& weights_;
  std::deque<StoredValue> values_;  // stays in place as it grows
  std::vector<Step> steps_;
  std::map<ValueIndex, std::vector<ValueIndex>> forms_;  // of a value, in other layouts
  std::map<std::pair<ValueIndex, std::int64_t>, std::vector<ValueIndex>> views_;  // by offset
  std::map<NodeKey, std::vector<ValueIndex>> lowered_;
  std::map<std::pair<const std::byte*, tensor::Shape>, ValueIndex> constants_;
  std::vector<ValueIndex> inputs_;  // by position in the graph

  std::vector<ValueIndex> stored_;  // by graph value, for the assignment being added
  const graph::Node* node_ = nullptr;
  const NodeDtypes* dtypes_ = nullptr;
  tensor::DType source_dtype_ = tensor::DType::f32;
  bool fuses_post_ops_ = false;
  std::int64_t flops_ = 0;  // of the node, until a step takes them
};

}  // namespace ampd::engine
