#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "engine/broadcast_loop.hpp"
#include "engine/lower/families.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;

struct Entry {
  std::string_view op_type;
  dnnl::algorithm algorithm;  // undef: own loop only
  BroadcastOperation loop;
  bool is_commutative;
};

constexpr std::array entries{
    Entry{"Add", dnnl::algorithm::binary_add, BroadcastOperation::add, true},
    Entry{"Sum", dnnl::algorithm::binary_add, BroadcastOperation::add, true},
    Entry{"Sub", dnnl::algorithm::binary_sub, BroadcastOperation::subtract, false},
    Entry{"Mul", dnnl::algorithm::binary_mul, BroadcastOperation::multiply, true},
    Entry{"Div", dnnl::algorithm::binary_div, BroadcastOperation::divide, false},
    Entry{"Max", dnnl::algorithm::binary_max, BroadcastOperation::maximum, true},
    Entry{"Min", dnnl::algorithm::binary_min, BroadcastOperation::minimum, true},
    Entry{"PRelu", dnnl::algorithm::undef, BroadcastOperation::prelu, false},
};

const Entry* find_entry(std::string_view op_type) {
  const auto* entry = std::find_if(entries.begin(), entries.end(),
                                   [&](const Entry& e) { return e.op_type == op_type; });
  return entry == entries.end() ? nullptr : entry;
}

ValueIndex with_rank(Lowering& lowering, ValueIndex value, std::size_t rank) {
  Shape shape = lowering.layout(value).shape();
  shape.insert(shape.begin(), rank - shape.size(), 1);
  return lowering.reshaped(value, shape);
}

/// oneDNN's kernel: the first operand has the result's shape and dtype, the second its layout.
std::optional<ValueIndex> add_primitive(Lowering& lowering, const Entry& entry,
                                        const std::string& type, ValueIndex a, ValueIndex b,
                                        DType dtype) {
  const Shape shape = tensor::broadcast(lowering.layout(a).shape(), lowering.layout(b).shape());
  if (entry.algorithm == dnnl::algorithm::undef) return std::nullopt;
  const auto leads = [&](ValueIndex value) { return lowering.layout(value).shape() == shape; };
  const bool prefers_b = !leads(a) || (leads(b) && lowering.layout(a).dtype() != dtype &&
                                       lowering.layout(b).dtype() == dtype);
  bool is_negated = false;
  if (prefers_b && (entry.is_commutative || entry.op_type == "Sub")) {
    is_negated = !entry.is_commutative;
    std::swap(a, b);
  }
  if (!leads(a)) return std::nullopt;
  a = lowering.as_dense(lowering.as_dtype(a, dtype));
  const Layout destination = lowering.layout(a);
  b = lowering.as(b,
                  destination.dense_like(lowering.layout(b).dtype(), lowering.layout(b).shape()));
  onednn::PostOperations negation;
  if (is_negated) negation.push_back({.eltwise = {dnnl::algorithm::eltwise_linear, -1, 0}});
  const auto offer =
      onednn::binary(entry.algorithm, destination.descriptor(), lowering.layout(b).descriptor(),
                     destination.descriptor(), negation);
  if (!offer) return std::nullopt;
  return lowering.add(*offer, destination,
                      {.type = type,
                       .arguments = {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}},
                       .may_replace = true,
                       .source = dtype,
                       .weights = lowering.layout(b).dtype()});
}

ValueIndex add_loop(Lowering& lowering, const Entry& entry, ValueIndex a, ValueIndex b,
                    DType dtype) {
  const Layout& first = lowering.layout(a);
  const Layout& second = lowering.layout(b);
  const Shape shape = tensor::broadcast(first.shape(), second.shape());
  const Layout& leader = first.size() >= second.size() ? first : second;
  const Layout destination = leader.dense_like(dtype, shape);
  LoopCall call{[operation = entry.loop, first, second, destination](auto inputs, auto outputs) {
    broadcast_loop(operation, first, inputs[0], second, inputs[1], destination, outputs[0]);
  }};
  return lowering.add("loop", {a, b}, {destination}, std::move(call)).front();
}

bool has_same_shape(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](graph::ValueId id) {
    return shape_of(graph, id) == shape_of(graph, node.outputs[0]);
  });
}

/// Several operands of one shape, added in f32 and rounded once.
std::optional<ValueIndex> add_sum(Lowering& lowering, const Node& node) {
  const DType dtype = lowering.source_dtype();
  if (node.op_type != "Sum" || !has_same_shape(lowering.graph(), node)) return std::nullopt;
  const ValueIndex first = lowering.as_dense(lowering.as_dtype(lowering.input(node, 0), dtype));
  const Layout layout = lowering.layout(first);
  PrimitiveStep step{.source = dtype, .weights = dtype};
  for (std::size_t slot = 0; slot < node.inputs.size(); ++slot) {
    step.arguments.emplace_back(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(slot),
                                lowering.as(lowering.input(node, slot), layout));
  }
  const std::vector<onednn::Description> sources(node.inputs.size(), layout.descriptor());
  const auto offer = onednn::sum(sources, layout.descriptor());
  if (!offer) return std::nullopt;
  return lowering.add(*offer, layout, std::move(step));
}

}  // namespace

bool takes_binary(const Graph& graph, const Node& node) {
  return is_float32(graph, node) && node.inputs.size() == 2;
}

bool lower_binary(Lowering& lowering, const Node& node) {
  lowering.define(node, 0,
                  add_binary(lowering, node.op_type, lowering.input(node, 0),
                             lowering.input(node, 1), lowering.source_dtype()));
  return true;
}

bool takes_variadic(const Graph& graph, const Node& node) {
  return is_float32(graph, node) && !node.inputs.empty();
}

bool lower_variadic(Lowering& lowering, const Node& node) {
  if (node.inputs.size() > 2) {
    if (const auto sum = add_sum(lowering, node)) {
      lowering.define(node, 0, *sum);
      return true;
    }
    // Rounding each partial result would add up: only Max and Min round nothing.
    if (node.op_type == "Sum" && lowering.source_dtype() != DType::f32) return false;
  }
  ValueIndex result = lowering.input(node, 0);
  for (std::size_t slot = 1; slot < node.inputs.size(); ++slot) {
    result = add_binary(lowering, node.op_type, result, lowering.input(node, slot),
                        lowering.source_dtype());
  }
  lowering.define(node, 0, lowering.reshaped(result, lowering.shape_of(node.outputs[0])));
  return true;
}

ValueIndex add_binary(Lowering& lowering, const std::string& type, ValueIndex a, ValueIndex b,
                      DType dtype) {
  const Entry* entry = find_entry(type);
  AMPD_CHECK(entry != nullptr);
  const std::size_t rank =
      std::max(lowering.layout(a).shape().size(), lowering.layout(b).shape().size());
  a = with_rank(lowering, a, rank);
  b = with_rank(lowering, b, rank);
  if (const auto made = add_primitive(lowering, *entry, type, a, b, dtype)) return *made;
  return add_loop(lowering, *entry, a, b, dtype);
}

}  // namespace ampd::engine
