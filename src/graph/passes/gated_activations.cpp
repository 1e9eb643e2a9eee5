// Recognises activations that multiply their input by a function of it, in any order in which the
// factors are written.
//
//   x ---> Div sqrt(2) ---> Erf ---> Add 1 ---> Mul ---> Mul 0.5        x ---> Gelu
//     \----------------------------------------^
//
//   x ---> tanh(sqrt(2/pi) * (x + 0.044715 * x^3)), likewise            x ---> Gelu (tanh)
//   x * Sigmoid(a * x)                                                  x ---> Swish
//   x * HardSigmoid(x) | x * Clip(x + 3, 0, 6) / 6                      x ---> HardSwish
//   x * Tanh(Softplus(x))                                               x ---> Mish
//
// The argument of the function, and what is made of its result, are multiplied out as polynomials,
// so that neither the order of factors nor the place of a constant matters. The fused node is named
// like the function's.
#include <array>
#include <cmath>
#include <numbers>

#include "graph/newest_form.hpp"
#include "graph/passes/pass_list.hpp"
#include "graph/rewriter.hpp"
#include "graph/scalar.hpp"

namespace ampd::graph {
namespace {

constexpr std::size_t degree_max = 3;
constexpr int depth_max = 10;  // of nodes between the input and the result

/// A polynomial in x plus t times another one.
struct Polynomial {
  std::array<double, degree_max + 1> free{};
  std::array<double, degree_max + 1> gated{};

  static Polynomial constant(double number) { return {{number}, {}}; }
  static Polynomial x() { return {{0, 1}, {}}; }
  static Polynomial t() { return {{}, {1}}; }

  bool is_constant() const {
    Polynomial rest = *this;
    rest.free[0] = 0;
    return rest.free == std::array<double, degree_max + 1>{} && rest.gated == rest.free;
  }
};

Polynomial sum(const Polynomial& a, const Polynomial& b, double factor) {
  Polynomial result = a;
  for (std::size_t i = 0; i <= degree_max; ++i) {
    result.free[i] += factor * b.free[i];
    result.gated[i] += factor * b.gated[i];
  }
  return result;
}

/// None when the degree is too high, in x or in t.
std::optional<Polynomial> product(const Polynomial& a, const Polynomial& b) {
  Polynomial result;
  for (std::size_t i = 0; i <= degree_max; ++i) {
    for (std::size_t k = 0; k <= degree_max; ++k) {
      const double gated = a.free[i] * b.gated[k] + a.gated[i] * b.free[k];
      const double free = a.free[i] * b.free[k];
      if (a.gated[i] * b.gated[k] != 0) return std::nullopt;
      if (i + k <= degree_max) {
        result.free[i + k] += free;
        result.gated[i + k] += gated;
      } else if (free != 0 || gated != 0) {
        return std::nullopt;
      }
    }
  }
  return result;
}

bool agree(const Polynomial& a, const Polynomial& b) {
  for (std::size_t i = 0; i <= degree_max; ++i) {
    if (!is_near(a.free[i], b.free[i]) || !is_near(a.gated[i], b.gated[i])) return false;
  }
  return true;
}

const Polynomial gelu_result{{0, 0.5}, {0, 0.5}};
const Polynomial product_with_x{{}, {0, 1}};

/// A function found in the graph, `t`, that shall end as an activation of x.
struct Gate {
  ValueId x = no_value;
  ValueId t = no_value;
  Polynomial result;
  std::string op_type;
  Attributes attributes;
  std::set<std::size_t> nodes;
};

class GatedActivationsPass {
 public:
  explicit GatedActivationsPass(Graph& graph) : graph_(graph), rewriter_(graph) {}

  void run() {
    for (std::size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (rewriter_.is_removed(index) || !is_function(graph_.nodes[index].op_type)) continue;
      for (const ValueId x : candidates(index)) {
        const std::optional<Gate> gate = gate_at(index, x);
        if (gate && fuse(*gate, index)) break;
      }
    }
    rewriter_.finish();
  }

 private:
  static bool is_function(std::string_view op_type) {
    return op_type == "Erf" || op_type == "Tanh" || op_type == "Sigmoid" ||
           op_type == "HardSigmoid" || op_type == "Clip";
  }

  static bool is_arithmetic(std::string_view op_type) {
    return op_type == "Add" || op_type == "Sub" || op_type == "Mul" || op_type == "Div" ||
           op_type == "Pow" || op_type == "Neg";
  }

  std::optional<std::size_t> producer_of(ValueId id, std::string_view op_type) const {
    const std::optional<std::size_t> producer = rewriter_.producer(id);
    return producer && graph_.nodes[*producer].op_type == op_type ? producer : std::nullopt;
  }

  /// What the function's argument may be made of: each is tried as x.
  std::vector<ValueId> candidates(std::size_t index) const {
    std::vector<ValueId> found{graph_.nodes[index].inputs[0]};
    if (const auto softplus = producer_of(found[0], "Softplus")) {
      found.push_back(graph_.nodes[*softplus].inputs[0]);
    }
    for (std::size_t next = 0; next < found.size() && next < depth_max; ++next) {
      const std::optional<std::size_t> producer = rewriter_.producer(found[next]);
      if (!producer || !is_arithmetic(graph_.nodes[*producer].op_type)) continue;
      for (const ValueId input : graph_.nodes[*producer].inputs) {
        if (rewriter_.constant(input) == nullptr) found.push_back(input);
      }
    }
    return found;
  }

  std::optional<Gate> gate_at(std::size_t index, ValueId x) const {
    const Node& node = graph_.nodes[index];
    Gate gate{x, node.outputs[0], product_with_x, "", {}, {index}};
    const auto softplus = producer_of(node.inputs[0], "Softplus");
    if (node.op_type == "Tanh" && softplus && graph_.nodes[*softplus].inputs[0] == x) {
      gate.op_type = "Mish";
      gate.nodes.insert(*softplus);
      return gate;
    }
    const auto argument = evaluate(node.inputs[0], gate, depth_max);
    if (!argument) return std::nullopt;
    if (node.op_type == "Erf" || node.op_type == "Tanh") return gelu(gate, node, *argument);
    if (node.op_type == "Sigmoid") return swish(gate, *argument);
    return hard_swish(gate, node, *argument);
  }

  static Polynomial tanh_argument() {
    const double slope = std::sqrt(2 / std::numbers::pi);
    return {{0, slope, 0, 0.044715 * slope}, {}};
  }

  static std::optional<Gate> gelu(Gate gate, const Node& node, const Polynomial& argument) {
    const bool is_erf = node.op_type == "Erf";
    const Polynomial expected =
        is_erf ? Polynomial{{0, std::numbers::sqrt2 / 2}, {}} : tanh_argument();
    if (!agree(argument, expected)) return std::nullopt;
    gate.op_type = "Gelu";
    gate.attributes.set("approximate", std::string(is_erf ? "none" : "tanh"));
    gate.result = gelu_result;
    return gate;
  }

  /// (1 + tanh(a)) / 2 is also sigmoid(2 * a).
  static std::optional<Gate> swish(Gate gate, const Polynomial& argument) {
    const Polynomial doubled = sum(tanh_argument(), tanh_argument(), 1);
    const double slope = argument.free[1];
    if (agree(argument, doubled)) {
      gate.op_type = "Gelu";
      gate.attributes.set("approximate", std::string("tanh"));
    } else if (slope != 0 && agree(argument, {{0, slope}, {}})) {
      gate.op_type = "Swish";
      gate.attributes.set("alpha", static_cast<float>(slope));
    } else {
      return std::nullopt;
    }
    return gate;
  }

  /// x * clip(x / 6 + 1 / 2, 0, 1), all of it scaled by any number.
  std::optional<Gate> hard_swish(Gate gate, const Node& node, Polynomial argument) const {
    double high = 1;
    if (node.op_type == "Clip") {
      const auto low = node.inputs.size() == 3 ? scalar(node.inputs[1]) : std::nullopt;
      const auto bound = node.inputs.size() == 3 ? scalar(node.inputs[2]) : std::nullopt;
      if (!low || !bound || *low != 0 || *bound <= 0) return std::nullopt;
      high = *bound;
    } else {
      const double alpha = node.attributes.real("alpha", 0.2F);
      argument = *product(argument, Polynomial::constant(alpha));
      argument.free[0] += node.attributes.real("beta", 0.5F);
    }
    if (!agree(argument, {{high / 2, high / 6}, {}})) return std::nullopt;
    gate.op_type = "HardSwish";
    gate.result.gated[1] = 1 / high;
    return gate;
  }

  std::optional<double> scalar(ValueId id) const { return scalar_of(rewriter_.constant(id)); }

  /// A value as a polynomial in x and t; adds the nodes between to the gate's.
  std::optional<Polynomial> evaluate(ValueId id, Gate& gate, int depth) const {
    if (id == gate.x) return Polynomial::x();
    if (id == gate.t) return Polynomial::t();
    if (const auto number = scalar(id)) return Polynomial::constant(*number);
    const std::optional<std::size_t> producer = rewriter_.producer(id);
    if (!producer || depth == 0) return std::nullopt;
    const Node& node = graph_.nodes[*producer];
    if (!is_arithmetic(node.op_type)) return std::nullopt;
    const auto a = evaluate(node.inputs[0], gate, depth - 1);
    const auto b = node.inputs.size() > 1 ? evaluate(node.inputs[1], gate, depth - 1)
                                          : std::optional(Polynomial::constant(-1));
    if (!a || !b) return std::nullopt;
    gate.nodes.insert(*producer);
    return combine(node.op_type, *a, *b);
  }

  static std::optional<Polynomial> combine(std::string_view op_type, const Polynomial& a,
                                           const Polynomial& b) {
    if (op_type == "Add") return sum(a, b, 1);
    if (op_type == "Sub") return sum(a, b, -1);
    if (op_type == "Mul" || op_type == "Neg") return product(a, b);
    if (!b.is_constant() || b.free[0] == 0) return std::nullopt;
    if (op_type == "Div") return product(a, Polynomial::constant(1 / b.free[0]));
    if (b.free[0] != 2 && b.free[0] != 3) return std::nullopt;
    const auto square = product(a, a);
    return b.free[0] == 2 || !square ? square : product(*square, a);
  }

  /// Follows the function's result until it is the activation.
  bool fuse(const Gate& found, std::size_t index) {
    ValueId value = found.t;
    for (int depth = 1; depth <= depth_max; ++depth) {
      const std::optional<std::size_t> reader = rewriter_.only_reader(value);
      if (!reader || !is_arithmetic(graph_.nodes[*reader].op_type)) return false;
      value = graph_.nodes[*reader].outputs[0];
      Gate gate = found;
      const auto result = evaluate(value, gate, depth_max);
      if (!result) return false;
      if (!agree(*result, gate.result)) continue;
      if (!is_same_type(gate.x, value) || !rewriter_.is_closed(gate.nodes, *reader)) return false;
      Node fused;
      fused.name = graph_.nodes[index].name;
      fused.op_type = gate.op_type;
      fused.opset = fused_opset;
      fused.inputs = {gate.x};
      fused.attributes = gate.attributes;
      rewriter_.fuse(gate.nodes, *reader, std::move(fused));
      return true;
    }
    return false;
  }

  bool is_same_type(ValueId x, ValueId y) const {
    const Value& from = graph_.value(x);
    const Value& to = graph_.value(y);
    return from.dtype == tensor::DType::f32 && to.dtype == from.dtype && from.shape &&
           tensor::is_known(*from.shape) && from.shape == to.shape;
  }

  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

void apply_gated_activations(Graph& graph, const NodeEvaluator&) {
  GatedActivationsPass(graph).run();
}

}  // namespace ampd::graph
