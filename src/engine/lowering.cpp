#include "engine/lowering.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "engine/lower/families.hpp"
#include "engine/plain.hpp"
#include "engine/plain_step.hpp"
#include "engine/strided_copy.hpp"
#include "graph/node_error.hpp"

namespace ampd::engine {
namespace {

using graph::Node;
using graph::ValueId;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

bool is_same_place(const Layout& a, const Layout& b) {
  return a.reads_like(b) && a.strides() == b.strides();
}

}  // namespace

Lowering::Lowering(const graph::Graph& graph, WeightCache& weights)
    : graph_(graph), weights_(weights) {
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const graph::Value& value = graph_.value(graph_.inputs[i]);
    inputs_.push_back(add_value({.name = value.name,
                                 .layout = Layout(value.dtype, shape_of(graph_.inputs[i])),
                                 .origin = StoredValue::Origin::input,
                                 .input = i}));
  }
}

std::vector<ValueIndex> Lowering::add(const Assignment& assignment) {
  const std::vector<NodeDtypes> dtypes = assign_dtypes(graph_, assignment);
  stored_.assign(graph_.values.size(), -1);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    stored_[static_cast<std::size_t>(graph_.inputs[i])] = inputs_[i];
  }
  for (std::size_t id = 0; id < graph_.values.size(); ++id) {
    const graph::Value& value = graph_.values[id];
    if (value.constant) stored_[id] = constant(value.name, *value.constant);
  }
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    const auto [known, is_new] = lowered_.try_emplace(key_of(i, dtypes[i]));
    if (is_new) {
      lower(node, dtypes[i]);
      for (const ValueId output : node.outputs) {
        known->second.push_back(output == graph::no_value ? -1 : stored(output));
      }
    }
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      if (node.outputs[k] == graph::no_value) continue;
      stored_[static_cast<std::size_t>(node.outputs[k])] = known->second[k];
    }
  }
  std::vector<ValueIndex> outputs;
  for (const ValueId output : graph_.outputs) {
    outputs.push_back(as_row_major(stored(output), graph_.value(output).dtype));
  }
  return outputs;
}

Lowering::NodeKey Lowering::key_of(std::size_t index, const NodeDtypes& dtypes) const {
  const Node& node = graph_.nodes[index];
  NodeKey key{static_cast<std::int64_t>(index), static_cast<std::int64_t>(dtypes.source)};
  for (const DType dtype : dtypes.outputs) key.push_back(static_cast<std::int64_t>(dtype));
  for (const ValueId id : node.inputs) key.push_back(id == graph::no_value ? -1 : stored(id));
  for (const graph::PostOp& post_op : node.post_ops) {
    key.push_back(post_op.operand == graph::no_value ? -1 : stored(post_op.operand));
  }
  return key;
}

void Lowering::lower(const Node& node, const NodeDtypes& dtypes) {
  node_ = &node;
  dtypes_ = &dtypes;
  source_dtype_ = dtypes.source;
  try {
    const Operator* entry = has_empty_value(graph_, node) ? nullptr : find_operator(graph_, node);
    flops_ = entry != nullptr ? entry->flops(graph_, node) : output_size(graph_, node);
    if (entry != nullptr && try_lower(node, *entry)) return;
    fuses_post_ops_ = false;
    source_dtype_ = DType::f32;
    lower_plain(node);
  } catch (const dnnl::error& failure) {
    throw graph::NodeError(
        node, std::string("is refused by oneDNN: ") + failure.what(),
        failure.status == dnnl_out_of_memory ? ErrorCode::exhausted : ErrorCode::unsupported);
  }
}

bool Lowering::try_lower(const Node& node, const Operator& entry) {
  fuses_post_ops_ = entry.fuses_post_ops;
  if (entry.lower(*this, node)) return true;
  if (source_dtype_ == DType::f32) return false;
  source_dtype_ = DType::f32;
  return entry.lower(*this, node);
}

void Lowering::lower_plain(const Node& node) {
  std::vector<Layout> layouts;
  for (const ValueId output : node.outputs) {
    if (output == graph::no_value) continue;
    layouts.emplace_back(graph_.value(output).dtype, shape_of(output));
  }
  const bool is_empty = std::all_of(layouts.begin(), layouts.end(),
                                    [](const Layout& layout) { return layout.size() == 0; });
  if (!is_empty && !has_plain_kernel(node)) {
    throw graph::NodeError(node, "has no kernel", ErrorCode::unsupported);
  }
  std::vector<ValueIndex> inputs;
  for (std::size_t slot = 0; slot < node.inputs.size() && !is_empty; ++slot) {
    if (!has_input(node, slot) || constant_input(node, slot) != nullptr) continue;
    inputs.push_back(as_row_major(input(node, slot), graph_.value(node.inputs[slot]).dtype));
  }
  LoopCall call = is_empty ? LoopCall{[](auto, auto) {}} : plain_call(graph_, node);
  const std::vector<ValueIndex> made = add("plain", std::move(inputs), layouts, std::move(call));
  std::size_t position = 0;
  for (std::size_t k = 0; k < node.outputs.size(); ++k) {
    if (node.outputs[k] != graph::no_value) define(node, k, made[position++]);
  }
}

bool Lowering::has_input(const Node& node, std::size_t slot) {
  return slot < node.inputs.size() && node.inputs[slot] != graph::no_value;
}

ValueIndex Lowering::input(const Node& node, std::size_t slot) const {
  AMPD_CHECK(has_input(node, slot));
  return stored(node.inputs[slot]);
}

ValueIndex Lowering::stored(ValueId id) const {
  const ValueIndex value = stored_.at(static_cast<std::size_t>(id));
  AMPD_CHECK(value >= 0);
  return value;
}

const Tensor* Lowering::constant_input(const Node& node, std::size_t slot) const {
  if (!has_input(node, slot)) return nullptr;
  const graph::Value& value = graph_.value(node.inputs[slot]);
  return value.constant ? &*value.constant : nullptr;
}

const Shape& Lowering::shape_of(ValueId id) const {
  return engine::shape_of(graph_, id);
}

const Layout& Lowering::layout(ValueIndex value) const {
  return values_.at(static_cast<std::size_t>(value)).layout;
}

DType Lowering::destination_dtype(std::size_t output) const {
  return dtypes_->outputs.at(output);
}

ValueIndex Lowering::as(ValueIndex value, const Layout& wanted) {
  AMPD_CHECK(layout(value).shape() == wanted.shape());
  if (layout(value).reads_like(wanted)) return view(value, wanted);
  for (const ValueIndex form : forms_[value]) {
    if (layout(form).reads_like(wanted)) return view(form, wanted);
  }
  const ValueIndex made = reordered(value, wanted);
  forms_[value].push_back(made);
  return made;
}

ValueIndex Lowering::as_dtype(ValueIndex value, DType dtype) {
  return layout(value).dtype() == dtype ? value : as(value, layout(value).with_dtype(dtype));
}

ValueIndex Lowering::as_dense(ValueIndex value) {
  return as(value, layout(value).dense());
}

ValueIndex Lowering::as_row_major(ValueIndex value, DType dtype) {
  return as(value, Layout(dtype, layout(value).shape()));
}

ValueIndex Lowering::as_channels_last(ValueIndex value, DType dtype) {
  return as(value, Layout::channels_last(dtype, layout(value).shape()));
}

ValueIndex Lowering::reshaped(ValueIndex value, const Shape& shape) {
  if (layout(value).shape() == shape) return value;
  if (const auto same = layout(value).reshaped(shape)) return view(value, *same);
  const ValueIndex dense = as(value, layout(value).dense_for(shape));
  const auto moved = layout(dense).reshaped(shape);
  AMPD_CHECK(moved.has_value());
  return view(dense, *moved);
}

ValueIndex Lowering::view(ValueIndex value, Layout wanted, std::int64_t offset_bytes) {
  if (offset_bytes == 0 && is_same_place(layout(value), wanted)) return value;
  const ValueIndex base = root(value, offset_bytes);
  for (const ValueIndex known : views_[{base, offset_bytes}]) {
    if (is_same_place(layout(known), wanted)) return known;
  }
  const ValueIndex made = add_value({.name = values_[static_cast<std::size_t>(value)].name,
                                     .layout = std::move(wanted),
                                     .origin = StoredValue::Origin::view,
                                     .base = base,
                                     .offset_bytes = offset_bytes});
  views_[{base, offset_bytes}].push_back(made);
  return made;
}

ValueIndex Lowering::constant(const std::string& name, const Tensor& tensor) {
  const auto [known, is_new] = constants_.try_emplace({tensor.bytes().data(), tensor.shape()}, -1);
  if (is_new) {
    known->second = add_value({.name = name,
                               .layout = Layout(tensor.dtype(), tensor.shape()),
                               .origin = StoredValue::Origin::constant,
                               .constant = tensor.shared_bytes()});
  }
  return known->second;
}

ValueIndex Lowering::add(const onednn::Offer& offer, const Layout& destination,
                         PrimitiveStep step) {
  const std::vector<std::pair<int, Layout>> results{{DNNL_ARG_DST, destination}};
  return add(offer, results, std::move(step)).front();
}

std::vector<ValueIndex> Lowering::add(const onednn::Offer& offer,
                                      const std::vector<std::pair<int, Layout>>& results,
                                      PrimitiveStep step) {
  const ValueId first = node_->outputs.front();
  const std::string& name = first == graph::no_value ? node_->name : graph_.value(first).name;
  Step result;
  result.op = node_->name;
  result.type = step.type.empty() ? node_->op_type : step.type;
  result.implementation = offer.implementation();
  for (const auto& [argument, value] : step.arguments) result.inputs.push_back(value);
  if (step.overwritten) {
    result.overwrites = result.inputs.size();
    result.inputs.push_back(*step.overwritten);
  }
  for (const auto& [argument, layout] : results) {
    result.outputs.push_back(add_value({.name = name, .layout = layout}));
    step.arguments.emplace_back(argument, result.outputs.back());
  }
  result.may_replace = step.may_replace;
  result.source = step.source;
  result.weights = step.weights;
  result.destination = results.front().second.dtype();
  if (step.type.empty()) result.flops = step.flops.value_or(flops_);
  flops_ -= result.flops;
  result.call = PrimitiveCall{offer.make(), std::move(step.arguments), offer.scratchpad()};
  steps_.push_back(std::move(result));
  return steps_.back().outputs;
}

std::vector<ValueIndex> Lowering::add(std::string implementation, std::vector<ValueIndex> inputs,
                                      const std::vector<Layout>& outputs, LoopCall call,
                                      bool may_replace) {
  Step step;
  step.op = node_->name;
  step.type = node_->op_type;
  step.implementation = std::move(implementation);
  for (const Layout& output : outputs) {
    step.outputs.push_back(add_value({.name = node_->name, .layout = output}));
  }
  if (!inputs.empty()) step.source = layout(inputs.front()).dtype();
  step.weights = step.source;
  step.destination = outputs.front().dtype();
  step.inputs = std::move(inputs);
  step.may_replace = may_replace;
  step.flops = std::exchange(flops_, 0);
  step.call = std::move(call);
  steps_.push_back(std::move(step));
  return steps_.back().outputs;
}

void Lowering::define(const Node& node, std::size_t output, ValueIndex value) {
  if (output == 0 && !fuses_post_ops_) value = apply_post_ops(*this, node, value);
  const ValueId id = node.outputs.at(output);
  AMPD_CHECK(layout(value).shape() == shape_of(id));
  stored_[static_cast<std::size_t>(id)] = as_dtype(value, destination_dtype(output));
}

ValueIndex Lowering::add_value(StoredValue value) {
  values_.push_back(std::move(value));
  return static_cast<ValueIndex>(values_.size()) - 1;
}

ValueIndex Lowering::root(ValueIndex value, std::int64_t& offset_bytes) const {
  const StoredValue& stored = values_.at(static_cast<std::size_t>(value));
  if (stored.origin != StoredValue::Origin::view) return value;
  offset_bytes += stored.offset_bytes;
  return stored.base;
}

ValueIndex Lowering::reordered(ValueIndex value, const Layout& wanted) {
  std::int64_t offset_bytes = 0;
  const ValueIndex base = root(value, offset_bytes);
  const Layout from = layout(value);
  const bool is_known = onednn::has_dtype(from.dtype()) && onednn::has_dtype(wanted.dtype());
  const StoredValue& stored = values_[static_cast<std::size_t>(base)];
  if (stored.constant && is_known && from.size() > 0) {
    const Weights whole{stored.constant, stored.layout.bytes()};
    return add_value({.name = stored.name,
                      .layout = wanted,
                      .origin = StoredValue::Origin::constant,
                      .constant = weights_.reordered(whole, offset_bytes, from, wanted)});
  }
  Step step;
  step.op = stored.name;
  step.type = "reorder";
  step.inputs = {value};
  step.outputs = {add_value({.name = stored.name, .layout = wanted})};
  step.source = step.weights = from.dtype();
  step.destination = wanted.dtype();
  if (from.size() == 0) {
    step.implementation = "loop";
    step.call = LoopCall{[](auto, auto) {}};
  } else if (is_known) {
    const onednn::Offer offer = onednn::reorder(from.descriptor(), wanted.descriptor());
    step.implementation = offer.implementation();
    step.call = PrimitiveCall{offer.make(),
                              {{DNNL_ARG_FROM, value}, {DNNL_ARG_TO, step.outputs.front()}},
                              offer.scratchpad()};
  } else {
    AMPD_CHECK(from.dtype() == wanted.dtype());
    step.implementation = "loop";
    step.call = LoopCall{[from, wanted](auto inputs, auto outputs) {
      strided_copy(from, inputs[0], wanted, outputs[0]);
    }};
  }
  steps_.push_back(std::move(step));
  return steps_.back().outputs.front();
}

}  // namespace ampd::engine
