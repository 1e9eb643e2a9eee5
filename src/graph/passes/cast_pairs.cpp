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
      if (rewriter_.is_removed(index) || rounded_slots(index).empty() ||
          read_outputs(index).empty()) {
        continue;
      }
      const std::optional<DType> stored = stored_dtype(index);
      if (!stored) continue;
      const std::vector<std::size_t> outputs = read_outputs(index);
      const auto is_widened = [&](std::size_t slot) {
        return output_cast(output(index, slot), DType::f32).has_value();
      };
      const bool is_native = graph_.value(output(index, outputs.at(0))).dtype == *stored;
      if (is_native && !std::ranges::all_of(outputs, is_widened)) continue;
      rewriter_.node(index).stored_precision = precision_of(*stored);
      for (const std::size_t slot : rounded_slots(index)) strip_input(index, slot);
      for (const std::size_t slot : outputs) {
        strip_output(index, slot, is_native ? DType::f32 : *stored);
      }
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

  ValueId output(std::size_t index, std::size_t slot) const {
    return graph_.nodes[index].outputs[slot];
  }

  std::vector<std::size_t> read_outputs(std::size_t index) const {
    std::vector<std::size_t> slots;
    for (std::size_t slot = 0; slot < graph_.nodes[index].outputs.size(); ++slot) {
      const ValueId id = output(index, slot);
      if (id != no_value && rewriter_.is_read(id)) slots.push_back(slot);
    }
    return slots;
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

  /// The one reader of a value, if it is a Cast to `dtype`.
  std::optional<std::size_t> output_cast(ValueId id, DType dtype) const {
    const std::optional<std::size_t> reader = rewriter_.only_reader(id);
    if (!reader || graph_.nodes[*reader].op_type != "Cast" ||
        graph_.value(output(*reader, 0)).dtype != dtype) {
      return std::nullopt;
    }
    return reader;
  }

  /// Takes out the Cast to `first` and, unless that is float32 already, the one back to it.
  void strip_output(std::size_t index, std::size_t slot, DType first) {
    const std::optional<std::size_t> cast = output_cast(output(index, slot), first);
    if (!cast) return;
    std::optional<std::size_t> last = cast;
    if (first != DType::f32) last = output_cast(output(*cast, 0), DType::f32);
    if (!last) return;
    const ValueId result = output(*last, 0);
    if (last != cast) rewriter_.remove(*last);
    rewriter_.remove(*cast);
    rewriter_.set_output(index, result, slot);
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_cast_pairs(Graph& graph, const NodeEvaluator&) {
  CastPairsPass(graph).run();
}

}  // namespace ampd::graph
