// Recognises operators that the file stores in a lower precision, and takes their casts out; the
// node's `stored_precision` keeps what they said. This is the form that `export_onnx` writes.
//
//   x ---> Cast bf16 ---> Cast f32 ---> Conv (weights exact in bf16) ---> Cast bf16 ---> Cast f32
//   x ---> Cast bf16 ---> MatMul (weights in bf16) ---> Cast f32
//
//   x ---> Conv (stored in bf16)
//   x ---> MatMul (stored in bf16)
#include <algorithm>

#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/rounded_inputs.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Tensor;

std::optional<Precision> precision_of(DType dtype) {
  if (dtype == DType::bf16) return Precision::bf16;
  if (dtype == DType::f16) return Precision::fp16;
  return std::nullopt;
}

bool is_exact_in(const Tensor& value, DType dtype) {
  const Tensor back = tensor::convert(tensor::convert(value, dtype), DType::f32);
  return std::ranges::equal(back.bytes(), value.bytes());
}

class CastPairsPass {
 public:
  explicit CastPairsPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (rewriter_.is_removed(index) || rounded_slots(index).empty()) continue;
      const std::optional<DType> stored = stored_dtype(index);
      if (!stored) continue;
      const bool is_native = output_dtype(index) == *stored;
      if (is_native && !output_cast(index, DType::f32)) continue;
      rewriter_.node(index).stored_precision = precision_of(*stored);
      for (const std::size_t slot : rounded_slots(index)) strip_input(index, slot);
      strip_output(index, is_native ? DType::f32 : *stored);
    }
    rewriter_.finish();
  }

 private:
  std::vector<std::size_t> rounded_slots(std::size_t index) const {
    const Node& node = graph_.nodes[index];
    std::vector<std::size_t> slots;
    for (const std::size_t slot : rounded_inputs(node.op_type)) {
      if (slot < node.inputs.size() && node.inputs[slot] != no_value) slots.push_back(slot);
    }
    return slots;
  }

  DType output_dtype(std::size_t index) const {
    return graph_.value(graph_.nodes[index].outputs[0]).dtype;
  }

  /// The Cast to `dtype` that makes a value; null if none does.
  const Node* cast_to(ValueId id, DType dtype) const {
    const std::optional<std::size_t> producer = rewriter_.producer(id);
    if (!producer || graph_.value(id).dtype != dtype) return nullptr;
    const Node& node = graph_.nodes[*producer];
    return node.op_type == "Cast" ? &node : nullptr;
  }

  /// What a rounded input was before it was cast to `stored`, directly or and back.
  std::optional<ValueId> source_of(ValueId id, DType stored) const {
    const Node* cast = cast_to(id, DType::f32);
    if (cast != nullptr) cast = cast_to(cast->inputs[0], stored);
    if (cast == nullptr) cast = cast_to(id, stored);
    if (cast == nullptr || graph_.value(cast->inputs[0]).dtype != DType::f32) return std::nullopt;
    return cast->inputs[0];
  }

  /// The lower type through which all of the node's data and weights have passed.
  std::optional<DType> stored_dtype(std::size_t index) const {
    for (const DType dtype : {DType::bf16, DType::f16}) {
      bool any = false;
      const auto is_stored = [&](std::size_t slot) {
        const ValueId id = graph_.nodes[index].inputs[slot];
        const Tensor* value = rewriter_.constant(id);
        if (value != nullptr) {
          return value->dtype() == dtype ||
                 (value->dtype() == DType::f32 && is_exact_in(*value, dtype));
        }
        const bool found = source_of(id, dtype).has_value();
        any |= found;
        return found;
      };
      if (std::ranges::all_of(rounded_slots(index), is_stored) && any) return dtype;
    }
    return std::nullopt;
  }

  void strip_input(std::size_t index, std::size_t slot) {
    const ValueId id = rewriter_.node(index).inputs[slot];
    if (const Tensor* value = rewriter_.constant(id)) {
      if (value->dtype() == DType::f32) return;
      const ValueId wide = rewriter_.add_constant(graph_.value(id).name + "/float",
                                                  tensor::convert(*value, DType::f32));
      rewriter_.set_input(index, slot, wide);
      return;
    }
    const DType stored =
        *rewriter_.node(index).stored_precision == Precision::bf16 ? DType::bf16 : DType::f16;
    rewriter_.set_input(index, slot, *source_of(id, stored));
    remove_unread(id);
  }

  /// Removes the casts before a value that nobody reads any more.
  void remove_unread(ValueId id) {
    while (!rewriter_.is_read(id)) {
      const std::optional<std::size_t> producer = rewriter_.producer(id);
      if (!producer || rewriter_.node(*producer).op_type != "Cast") return;
      id = rewriter_.node(*producer).inputs[0];
      rewriter_.remove(*producer);
    }
  }

  /// The one reader of the node's output, if it is a Cast to `dtype`.
  std::optional<std::size_t> output_cast(std::size_t index, DType dtype) const {
    const std::optional<std::size_t> reader = rewriter_.only_reader(graph_.nodes[index].outputs[0]);
    if (!reader || graph_.nodes[*reader].op_type != "Cast" || output_dtype(*reader) != dtype) {
      return std::nullopt;
    }
    return reader;
  }

  /// Takes out the Cast to `first` and, unless that is float32 already, the one back to it.
  void strip_output(std::size_t index, DType first) {
    const std::optional<std::size_t> cast = output_cast(index, first);
    if (!cast) return;
    std::optional<std::size_t> last = cast;
    if (first != DType::f32) last = output_cast(*cast, DType::f32);
    if (!last) return;
    const ValueId output = rewriter_.node(*last).outputs[0];
    if (last != cast) rewriter_.remove(*last);
    rewriter_.remove(*cast);
    rewriter_.set_output(index, output);
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_cast_pairs(Graph& graph, const NodeEvaluator&) {
  CastPairsPass(graph).run();
}

}  // namespace ampd::graph
