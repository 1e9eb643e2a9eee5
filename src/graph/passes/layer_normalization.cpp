// Recognises layer normalization in its parts.
//
//   x ---> Sub ----> Pow 2 ---> ReduceMean ---> Add epsilon ---> Sqrt ---> Div ---> Mul c ---> Add
//   c
//     \    ^  \------------------------------------------------------------^
//      ReduceMean
//
//   x ---> LayerNormalization (scale c, shift c)
//
//   x ---> Mul ------------------------> Add                with r = Reciprocal (deviation) * c,
//     \    r * \                          ^                  the deviation made as above
//      ReduceMean ---> Mul r ---> Sub from c
//
//   x ---> LayerNormalization (scale c, shift c)
//
//   x -----> Pow 2 ---> ReduceMean ---> Add epsilon ---> Sqrt ---> Div ---> Mul c
//     \------------------------------------------------------------^
//
//   x ---> RMSNormalization (scale c)
//
// The means are over the last axes. The square may be a product, the difference may stand twice,
// the division may be a product with the reciprocal; scale and shift may be missing. The fused node
// is named like the first ReduceMean.
#include <algorithm>

#include "graph/newest_form.hpp"
#include "graph/node_types.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/scalar.hpp"

namespace ampd::graph {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

struct Found {
  ValueId x = no_value;
  std::optional<std::size_t> axis;  // the first of those that are normalized
  std::size_t mean = 0;             // the node
  float epsilon = 0;
  bool is_centered = true;
  std::set<std::size_t> nodes;
  std::size_t root = 0;
  std::optional<Tensor> scale;
  std::optional<Tensor> shift;
};

class LayerNormalizationPass {
 public:
  explicit LayerNormalizationPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (rewriter_.is_removed(index)) continue;
      std::optional<Found> found = normalization_at(index);
      if (found) {
        found->scale = parameter_after(*found, "Mul");
        if (found->is_centered) found->shift = parameter_after(*found, "Add");
      } else {
        found = folded_at(index);
      }
      if (found && rewriter_.is_closed(found->nodes, found->root)) fuse(*found);
    }
    rewriter_.finish();
  }

 private:
  const Node& node(std::size_t index) const { return graph_.nodes[index]; }
  const Shape& shape_of(ValueId id) const { return *graph_.value(id).shape; }

  bool is_known(ValueId id) const {
    const Value& value = graph_.value(id);
    return value.dtype == DType::f32 && value.shape && tensor::is_known(*value.shape);
  }

  /// The node of one of these types that makes the value; it joins the pattern.
  std::optional<std::size_t> maker(Found& found, ValueId id,
                                   std::initializer_list<std::string_view> op_types) const {
    const std::optional<std::size_t> producer = rewriter_.producer(id);
    if (!producer || std::ranges::find(op_types, node(*producer).op_type) == op_types.end()) {
      return std::nullopt;
    }
    found.nodes.insert(*producer);
    return producer;
  }

  std::optional<double> scalar(ValueId id) const { return scalar_of(rewriter_.constant(id)); }

  /// A Div of the difference by the deviation, or a Mul with the deviation's reciprocal; for the
  /// root of the mean square, of x itself.
  std::optional<Found> normalization_at(std::size_t index) const {
    const Node& last = node(index);
    if (last.op_type != "Div" && last.op_type != "Mul") return std::nullopt;
    for (const bool is_centered : {true, false}) {
      for (const std::size_t slot : {0, 1}) {
        if (slot == 1 && last.op_type == "Div") break;
        Found found;
        found.is_centered = is_centered;
        found.nodes.insert(index);
        found.root = index;
        std::optional<ValueId> deviation = last.inputs[1 - slot];
        if (last.op_type == "Mul") deviation = divisor(found, *deviation);
        if (deviation && take_data(found, last.inputs[slot]) && take_deviation(found, *deviation)) {
          return found;
        }
      }
    }
    return std::nullopt;
  }

  /// What the value is one divided by.
  std::optional<ValueId> divisor(Found& found, ValueId id) const {
    const auto reciprocal = maker(found, id, {"Reciprocal", "Div"});
    if (!reciprocal) return std::nullopt;
    const std::vector<ValueId>& inputs = node(*reciprocal).inputs;
    if (node(*reciprocal).op_type == "Reciprocal") return inputs[0];
    return scalar(inputs[0]) == 1 ? std::optional(inputs[1]) : std::nullopt;
  }

  /// Scale and shift folded into two products: x r + (shift - mean r).
  std::optional<Found> folded_at(std::size_t index) const {
    const Node& last = node(index);
    if (last.op_type != "Add") return std::nullopt;
    for (const std::size_t slot : {0, 1}) {
      Found found;
      found.nodes.insert(index);
      found.root = index;
      const auto product = maker(found, last.inputs[slot], {"Mul"});
      const auto rest = maker(found, last.inputs[1 - slot], {"Sub"});
      const auto moved = rest ? maker(found, node(*rest).inputs[1], {"Mul"}) : std::nullopt;
      const Tensor* shift = rest ? rewriter_.constant(node(*rest).inputs[0]) : nullptr;
      if (!product || !moved || shift == nullptr) continue;
      if (take_folded(found, node(*product).inputs, node(*moved).inputs, *shift)) return found;
    }
    return std::nullopt;
  }

  bool take_folded(Found& found, const std::vector<ValueId>& product,
                   const std::vector<ValueId>& moved, const Tensor& shift) const {
    for (const std::size_t slot : {0, 1}) {
      const auto factor = std::ranges::find(moved, product[1 - slot]);
      found.x = product[slot];
      if (factor == moved.end() || !is_known(found.x)) continue;
      const auto mean = take_mean(found, factor == moved.begin() ? moved[1] : moved[0]);
      if (!mean || node(*mean).inputs[0] != found.x) continue;
      found.mean = *mean;
      found.shift = per_element(shift, found);
      return found.shift && take_scaled_reciprocal(found, *factor);
    }
    return false;
  }

  bool take_scaled_reciprocal(Found& found, ValueId id) const {
    std::optional<std::size_t> scaled = rewriter_.producer(id);
    if (scaled && node(*scaled).op_type == "Mul") {
      const std::vector<ValueId>& inputs = node(*scaled).inputs;
      const std::size_t slot = rewriter_.constant(inputs[0]) != nullptr ? 0 : 1;
      const Tensor* scale = rewriter_.constant(inputs[slot]);
      if (scale != nullptr) found.scale = per_element(*scale, found);
      if (!found.scale) return false;
      found.nodes.insert(*scaled);
      id = inputs[1 - slot];
    }
    const std::optional<ValueId> deviation = divisor(found, id);
    return deviation && take_deviation(found, *deviation);
  }

  bool take_data(Found& found, ValueId id) const {
    if (found.is_centered) return take_difference(found, id);
    if (!is_known(id) || (found.x != no_value && found.x != id)) return false;
    found.x = id;
    return true;
  }

  /// x - ReduceMean(x): finds x, or is the same again.
  bool take_difference(Found& found, ValueId id) const {
    const auto difference = maker(found, id, {"Sub"});
    if (!difference) return false;
    const ValueId x = node(*difference).inputs[0];
    if (!is_known(x) || (found.x != no_value && found.x != x)) return false;
    found.x = x;
    const std::optional<std::size_t> mean = take_mean(found, node(*difference).inputs[1]);
    if (!mean || node(*mean).inputs[0] != x) return false;
    found.mean = *mean;
    return true;
  }

  /// A mean over the last axes, which stay as axes of one element; over the same ones each time.
  std::optional<std::size_t> take_mean(Found& found, ValueId id) const {
    auto mean = maker(found, id, {"ReduceMean", "Unsqueeze", "Reshape"});
    if (!mean || !is_known(id)) return std::nullopt;
    if (node(*mean).op_type != "ReduceMean") {
      mean = maker(found, node(*mean).inputs[0], {"ReduceMean"});
      if (!mean) return std::nullopt;
    }
    const std::optional<std::size_t> axis = first_axis(*mean);
    if (!axis || (found.axis && found.axis != axis)) return std::nullopt;
    if (*axis >= shape_of(found.x).size()) return std::nullopt;
    Shape kept = shape_of(found.x);
    std::fill(kept.begin() + static_cast<std::ptrdiff_t>(*axis), kept.end(), 1);
    if (shape_of(id) != kept) return std::nullopt;
    found.axis = axis;
    return mean;
  }

  /// Where the reduced axes start, if they are the last ones.
  std::optional<std::size_t> first_axis(std::size_t mean) const {
    const NodeTypes types(graph_, node(mean));
    const auto axes = types.integers(1);
    const auto rank = types.rank(0);
    if (!axes || axes->empty() || !rank) return std::nullopt;
    std::set<std::size_t> reduced;
    for (const std::int64_t axis : *axes) reduced.insert(types.axis(axis, *rank));
    const bool is_last = *reduced.begin() + reduced.size() == *rank;
    return is_last ? std::optional(*reduced.begin()) : std::nullopt;
  }

  /// Sqrt of the variance plus a constant.
  bool take_deviation(Found& found, ValueId id) const {
    const auto root = maker(found, id, {"Sqrt", "Pow"});
    if (!root || (node(*root).op_type == "Pow" && scalar(node(*root).inputs[1]) != 0.5)) {
      return false;
    }
    const auto sum = maker(found, node(*root).inputs[0], {"Add"});
    if (!sum) return false;
    for (const std::size_t slot : {0, 1}) {
      const auto epsilon = scalar(node(*sum).inputs[slot]);
      const ValueId variance = node(*sum).inputs[1 - slot];
      if (!epsilon || *epsilon < 0 || !is_known(variance)) continue;
      found.epsilon = static_cast<float>(*epsilon);
      return graph_.value(node(*sum).outputs[0]).shape == shape_of(variance) &&
             take_variance(found, variance);
    }
    return false;
  }

  /// The mean of the squared difference, or of the square.
  bool take_variance(Found& found, ValueId id) const {
    const auto mean = take_mean(found, id);
    if (!mean) return false;
    const auto square = maker(found, node(*mean).inputs[0], {"Pow", "Mul"});
    if (!square) return false;
    const Node& power = node(*square);
    const bool is_square =
        power.op_type == "Pow" ? scalar(power.inputs[1]) == 2 : power.inputs[0] == power.inputs[1];
    if (!found.is_centered) found.mean = *mean;
    return is_square && take_data(found, power.inputs[0]);
  }

  /// The constant that the result is multiplied by or added to, one number per normalized element.
  std::optional<Tensor> parameter_after(Found& found, std::string_view op_type) const {
    const ValueId result = node(found.root).outputs[0];
    const std::optional<std::size_t> reader = rewriter_.only_reader(result);
    if (!reader || node(*reader).op_type != op_type) return std::nullopt;
    const std::vector<ValueId>& inputs = node(*reader).inputs;
    const Tensor* constant = rewriter_.constant(inputs[0] == result ? inputs[1] : inputs[0]);
    if (constant == nullptr) return std::nullopt;
    std::optional<Tensor> parameter = per_element(*constant, found);
    if (!parameter) return std::nullopt;
    found.nodes.insert(*reader);
    found.root = *reader;
    return parameter;
  }

  Shape normalized_shape(const Found& found) const {
    const Shape& shape = shape_of(found.x);
    return {shape.begin() + static_cast<std::ptrdiff_t>(*found.axis), shape.end()};
  }

  std::optional<Tensor> per_element(const Tensor& constant, const Found& found) const {
    const Shape& shape = shape_of(found.x);
    const Shape normalized = normalized_shape(found);
    if (constant.dtype() != DType::f32 || constant.shape().size() > shape.size()) {
      return std::nullopt;
    }
    if (constant.size() == 1) {
      Tensor repeated(DType::f32, normalized);
      std::ranges::fill(repeated.mutable_values<float>(), constant.values<float>()[0]);
      return repeated;
    }
    Shape aligned = constant.shape();
    aligned.insert(aligned.begin(), shape.size() - aligned.size(), 1);
    Shape expected(shape.size(), 1);
    std::ranges::copy_backward(normalized, expected.end());
    return aligned == expected ? std::optional(constant.reshaped(normalized)) : std::nullopt;
  }

  void fuse(Found& found) {
    Node fused;
    fused.name = node(found.mean).name;
    fused.op_type = found.is_centered ? "LayerNormalization" : "RMSNormalization";
    fused.opset = found.is_centered ? newest_opset : fused_opset;
    fused.attributes.set("axis", static_cast<std::int64_t>(*found.axis));
    fused.attributes.set("epsilon", found.epsilon);
    if (!found.scale) {
      found.scale.emplace(DType::f32, normalized_shape(found));
      std::ranges::fill(found.scale->mutable_values<float>(), 1.F);
    }
    fused.inputs = {found.x, rewriter_.add_constant(fused.name + "/scale", *found.scale)};
    if (found.shift) {
      fused.inputs.push_back(rewriter_.add_constant(fused.name + "/shift", *found.shift));
    }
    rewriter_.fuse(found.nodes, found.root, std::move(fused));
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_layer_normalization(Graph& graph, const NodeEvaluator&) {
  LayerNormalizationPass(graph).run();
}

}  // namespace ampd::graph
