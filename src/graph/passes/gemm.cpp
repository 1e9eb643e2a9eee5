// Brings every Gemm to A * B + C with plain A and B and, as C, nothing or one constant per column.
//
//   Gemm(transA, transB, alpha, beta)     Gemm ---> Add c (per column)     Gemm(C: anything else)
//
//   [Transpose ->] Gemm(B', C')           Gemm(C = c)                      Gemm ---> Add C
//
// A transposed or scaled constant is computed here; what is not constant gets a node of its own.
#include "graph/channels.hpp"
#include "graph/node_names.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

Tensor transposed(const Tensor& matrix) {
  const std::int64_t rows = matrix.shape()[0];
  const std::int64_t columns = matrix.shape()[1];
  Tensor result(matrix.dtype(), {columns, rows});
  const auto from = matrix.values<float>();
  const auto to = result.mutable_values<float>();
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      to[static_cast<std::size_t>(column * rows + row)] =
          from[static_cast<std::size_t>(row * columns + column)];
    }
  }
  return result;
}

Tensor scaled(const Tensor& value, float factor) {
  Tensor result(value.dtype(), value.shape());
  const auto from = value.values<float>();
  const auto to = result.mutable_values<float>();
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i] * factor;
  return result;
}

class GemmPass {
 public:
  explicit GemmPass(Graph& graph) : graph_(graph), rewriter_(graph) {
    for (const Node& node : graph.nodes) names_.reserve(node.name);
  }

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      const Node& node = rewriter_.node(index);
      if (node.op_type == "Gemm") {
        normalise(index);
      } else if (node.op_type == "Add" || node.op_type == "Sum") {
        take_bias(index);
      }
    }
    rewriter_.finish();
  }

 private:
  void normalise(std::size_t index) {
    const ValueId result = rewriter_.node(index).outputs[0];
    if (graph_.value(result).dtype != DType::f32 || !graph_.value(result).shape) return;
    transpose_input(index, 0, "transA");
    transpose_input(index, 1, "transB");
    Attributes& attributes = rewriter_.node(index).attributes;
    const float alpha = attributes.real("alpha", 1);
    const float beta = attributes.real("beta", 1);
    attributes.erase("alpha");
    attributes.erase("beta");
    attributes.erase("transA");
    attributes.erase("transB");
    if (alpha != 1) scale_product(index, alpha);
    if (rewriter_.node(index).inputs.size() > 2) normalise_addend(index, beta);
  }

  void transpose_input(std::size_t index, std::size_t slot, const char* flag) {
    if (rewriter_.node(index).attributes.integer(flag, 0) == 0) return;
    const ValueId input = rewriter_.node(index).inputs[slot];
    if (const Tensor* matrix = rewriter_.constant(input)) {
      const std::string name = rewriter_.node(index).name + "/" + flag;
      rewriter_.set_input(index, slot, rewriter_.add_constant(name, transposed(*matrix)));
      return;
    }
    std::optional<Shape> shape = graph_.value(input).shape;
    if (shape) std::swap((*shape)[0], (*shape)[1]);
    const ValueId turned = new_value(index, flag, std::move(shape));
    Node transpose = companion(index, "Transpose", {input}, turned);
    transpose.attributes.set("perm", std::vector<std::int64_t>{1, 0});
    rewriter_.insert_before(index, std::move(transpose));
    rewriter_.set_input(index, slot, turned);
  }

  void scale_product(std::size_t index, float alpha) {
    const std::vector<ValueId>& inputs = rewriter_.node(index).inputs;
    const std::size_t slot = rewriter_.constant(inputs[1]) != nullptr ? 1 : 0;
    const ValueId input = inputs[slot];
    const std::string name = rewriter_.node(index).name + "/alpha";
    if (const Tensor* matrix = rewriter_.constant(input)) {
      rewriter_.set_input(index, slot, rewriter_.add_constant(name, scaled(*matrix, alpha)));
      return;
    }
    const ValueId factor = rewriter_.add_constant(name, Tensor::of<float>({}, {alpha}));
    const ValueId product = new_value(index, "scaled", graph_.value(input).shape);
    rewriter_.insert_before(index, companion(index, "Mul", {input, factor}, product));
    rewriter_.set_input(index, slot, product);
  }

  void normalise_addend(std::size_t index, float beta) {
    const ValueId addend = rewriter_.node(index).inputs[2];
    if (addend == no_value) return rewriter_.node(index).inputs.resize(2);
    const std::int64_t columns = (*graph_.value(rewriter_.node(index).outputs[0]).shape)[1];
    const std::string name = rewriter_.node(index).name + "/C";
    if (const Tensor* value = rewriter_.constant(addend)) {
      if (const std::optional<Tensor> bias = per_channel(*value, 2, 1, columns)) {
        rewriter_.set_input(index, 2, rewriter_.add_constant(name, scaled(*bias, beta)));
        return;
      }
    }
    add_separately(index, addend, beta);
  }

  void add_separately(std::size_t index, ValueId addend, float beta) {
    const ValueId result = rewriter_.node(index).outputs[0];
    const Shape shape = *graph_.value(result).shape;
    const ValueId product = new_value(index, "product", shape);
    rewriter_.set_input(index, 2, no_value);
    rewriter_.node(index).inputs.resize(2);
    rewriter_.set_output(index, product);
    if (beta != 1) {
      const ValueId factor = rewriter_.add_constant(rewriter_.node(index).name + "/beta",
                                                    Tensor::of<float>({}, {beta}));
      const ValueId scaled_addend = new_value(index, "addend", graph_.value(addend).shape);
      rewriter_.insert_before(index, companion(index, "Mul", {addend, factor}, scaled_addend));
      addend = scaled_addend;
    }
    rewriter_.insert_after(index, companion(index, "Add", {product, addend}, result));
  }

  /// Gemm without C, then Add of one constant per column.
  void take_bias(std::size_t index) {
    const Node& add = rewriter_.node(index);
    if (add.inputs.size() != 2) return;
    for (std::size_t slot = 0; slot < 2; ++slot) {
      const std::optional<std::size_t> producer = rewriter_.producer(add.inputs[slot]);
      const Tensor* value = rewriter_.constant(add.inputs[1 - slot]);
      if (!producer || value == nullptr || value->dtype() != DType::f32) continue;
      const Node& gemm = rewriter_.node(*producer);
      const bool lacks_bias = gemm.inputs.size() < 3 || gemm.inputs[2] == no_value;
      const std::optional<Shape>& shape = graph_.value(add.outputs[0]).shape;
      if (gemm.op_type != "Gemm" || !lacks_bias || !shape || shape->size() != 2 ||
          !rewriter_.is_private(add.inputs[slot])) {
        continue;
      }
      const std::optional<Tensor> bias = per_channel(*value, 2, 1, (*shape)[1]);
      if (!bias) continue;
      const std::string name = gemm.name + "/C";
      rewriter_.set_input(*producer, 2, rewriter_.add_constant(name, *bias));
      rewriter_.absorb(*producer, index);
      return;
    }
  }

  ValueId new_value(std::size_t index, const char* role, std::optional<Shape> shape) {
    return rewriter_.add_value(rewriter_.node(index).name + "/" + role, DType::f32,
                               std::move(shape));
  }

  Node companion(std::size_t index, const char* op_type, std::vector<ValueId> inputs,
                 ValueId output) {
    Node other;
    other.name = names_.make_unique(rewriter_.node(index).name + "/" + op_type);
    other.op_type = op_type;
    other.opset = rewriter_.node(index).opset;
    other.inputs = std::move(inputs);
    other.outputs = {output};
    return other;
  }

  Graph& graph_;
  Rewriter rewriter_;
  NodeNames names_;
};

}  // namespace

void apply_gemm(Graph& graph, const NodeEvaluator&) {
  GemmPass(graph).run();
}

}  // namespace ampd::graph
