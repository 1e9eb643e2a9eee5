// The passes that recognise an operator in its parts: each way of writing it is found, what only
// looks like it is left alone, and the results stay.
#include "ampd/error.hpp"
#include "parts.hpp"

using namespace ampd;
using graph::Graph;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

namespace {

Text tanh_part(Parts& n, const Text& inner) {
  return n.call("Tanh", n.mul(inner, 0.7978845608028654F));
}

const std::vector<Writing> gelus{
    [](Parts& n) {
      const Text erf = n.call("Erf", n.div("x", 1.41421356F));
      return n.mul(n.mul("x", n.plus(erf, 1)), 0.5F);
    },
    [](Parts& n) {
      const Text erf = n.call("Erf", n.mul("x", 0.70710678F));
      return n.mul(n.mul("x", 0.5F), n.plus(n.number(1), erf));
    },
    [](Parts& n) {
      const Text erf = n.call("Erf", n.div("x", 1.41421356F));
      return n.mul(n.mul(n.plus(erf, 1), n.number(0.5F)), "x");
    },
    [](Parts& n) {
      const Text erf = n.call("Erf", n.div("x", 1.41421356F));
      return n.mul("x", n.plus(n.mul(erf, 0.5F), 0.5F));
    },
    [](Parts& n) {
      const Text half = n.div("x", 2);
      return n.plus(half, n.mul(half, n.call("Erf", n.div("x", 1.41421356F))));
    },
};

const std::vector<Writing> tanh_gelus{
    [](Parts& n) {
      const Text cubic = n.mul(n.pow("x", 3), 0.044715F);
      return n.mul(n.mul("x", 0.5F), n.plus(tanh_part(n, n.plus("x", cubic)), 1));
    },
    [](Parts& n) {
      const Text cubic = n.mul(n.number(0.044715F), n.mul("x", n.mul("x", "x")));
      return n.mul(n.number(0.5F), n.mul("x", n.plus(tanh_part(n, n.plus(cubic, "x")), 1)));
    },
    [](Parts& n) {
      const Text factor = n.plus(n.mul(n.mul(n.number(0.044715F), "x"), "x"), 1);
      const Text inner = n.mul(n.mul("x", 0.7978845608F), factor);
      return n.mul(n.mul("x", 0.5F), n.plus(n.call("Tanh", inner), 1));
    },
    [](Parts& n) {
      const Text inner = n.plus("x", n.mul(n.pow("x", 3), 0.044715F));
      return n.mul("x", n.call("Sigmoid", n.mul(inner, 1.5957691216F)));
    },
};

const std::vector<Writing> swishes{
    [](Parts& n) { return n.mul("x", n.call("Sigmoid", "x")); },
    [](Parts& n) { return n.mul(n.call("Sigmoid", n.mul("x", 1.702F)), "x"); },
};

const std::vector<Writing> hard_swishes{
    [](Parts& n) {
      return n.mul("x", n.add("HardSigmoid", {"x"}, {{"alpha", 1.F / 6}, {"beta", 0.5F}}));
    },
    [](Parts& n) { return n.div(n.mul("x", n.clip(n.plus("x", 3), 0, 6)), 6); },
    [](Parts& n) { return n.mul("x", n.div(n.clip(n.plus(n.number(3), "x"), 0, 6), 6)); },
    [](Parts& n) { return n.mul(n.mul(n.clip(n.plus("x", 3), 0, 6), 1.F / 6), "x"); },
    [](Parts& n) { return n.mul("x", n.clip(n.plus(n.div("x", 6), 0.5F), 0, 1)); },
};

}  // namespace

TEST_CASE("gated_activations: every way of writing one is found") {
  const std::vector<std::pair<Text, std::vector<Writing>>> forms{
      {"Gelu", gelus},
      {"Gelu", tanh_gelus},
      {"Swish", swishes},
      {"HardSwish", hard_swishes},
      {"Mish", {[](Parts& n) { return n.mul("x", n.call("Tanh", n.call("Softplus", "x"))); }}},
  };
  for (const auto& [op_type, writings] : forms) {
    for (std::size_t i = 0; i < writings.size(); ++i) {
      CAPTURE(op_type);
      CAPTURE(i);
      check(writings[i], op_type);
    }
  }
  CHECK(check(tanh_gelus[0], "Gelu").nodes[0].attributes.text("approximate", "") == "tanh");
  CHECK(check(gelus[0], "Gelu").nodes[0].attributes.text("approximate", "") == "none");
  CHECK(check(swishes[1], "Swish").nodes[0].attributes.real("alpha", 0) == 1.702F);
}

TEST_CASE("gated_activations: the function gives the name, the others are listed") {
  const Graph graph = check(gelus[0], "Gelu");
  CHECK(graph.nodes[0].name == "Erf_1");
  CHECK(graph.nodes[0].absorbed == std::vector<Text>{"Div_0", "Add_2", "Mul_3", "Mul_4"});
}

TEST_CASE("gated_activations: the input may be what a scale or shift made") {
  check(
      [](Parts& n) {
        const Text x = n.plus(n.mul("x", 3), 0.25F);
        return n.mul(n.mul(x, n.plus(n.call("Erf", n.div(x, 1.41421356F)), 1)), 0.5F);
      },
      "Mul Add Gelu");
}

TEST_CASE("gated_activations: a product takes one in") {
  check(
      [](Parts& n) {
        const Text x = n.plus(n.add("MatMul", {"x", n.noise({8, 4})}), n.noise({4}));
        return n.mul(n.mul(x, n.plus(n.call("Erf", n.div(x, 1.41421356F)), 1)), 0.5F);
      },
      "MatMul[add Gelu]");
  check(
      [](Parts& n) {
        const Text x = n.add("Conv", {"x", n.noise({4, 3, 1})});
        return n.mul(x, n.call("Sigmoid", x));
      },
      "Conv[Swish]");
}

TEST_CASE("gated_activations: what only looks like one is left alone") {
  const auto erf = [](Parts& n) { return n.call("Erf", n.div("x", 1.41421356F)); };
  const auto leave = [&](const Text& expected, auto write) {
    Parts net;
    write(net);
    check(net, expected);
  };
  // Other constants.
  leave("Div Erf Add Mul Mul", [&](Parts& n) {
    n.output(n.mul(n.mul("x", n.plus(n.call("Erf", n.div("x", 1.4142F)), 1)), 0.5F));
  });
  leave("Div Erf Add Mul Mul",
        [&](Parts& n) { n.output(n.mul(n.mul("x", n.plus(erf(n), 1)), 0.51F)); });
  leave("Add Clip Mul Div",
        [&](Parts& n) { n.output(n.div(n.mul("x", n.clip(n.plus("x", 3), -1, 6)), 6)); });
  leave("HardSigmoid Mul", [&](Parts& n) { n.output(n.mul("x", n.call("HardSigmoid", "x"))); });
  // Another gated value.
  leave("Sigmoid Exp Mul",
        [&](Parts& n) { n.output(n.mul(n.call("Exp", "x"), n.call("Sigmoid", "x"))); });
  // A value between that is read or given out too.
  leave("Div Erf Add Mul Mul Add", [&](Parts& n) {
    const Text sum = n.plus(erf(n), 1);
    n.output(n.plus(n.mul(n.mul("x", sum), 0.5F), sum));
  });
  leave("Sigmoid Mul", [&](Parts& n) {
    const Text gate = n.call("Sigmoid", "x");
    n.output(n.mul("x", gate));
    n.output(gate);
  });
  // Constants that widen the result.
  leave("Div Erf Add Mul Mul", [&](Parts& n) {
    n.output(n.mul(n.mul("x", n.plus(erf(n), 1)), n.number(0.5F, {1, 1, 1, 1})));
  });
  // A factor per channel.
  leave("Mul Sigmoid Mul",
        [&](Parts& n) { n.output(n.mul("x", n.call("Sigmoid", n.mul("x", n.noise({8}))))); });
}

namespace {

/// Layer normalization over `axes`, with everything that writers vary.
struct Normalization {
  Integers axes{-1};
  bool is_product = false;     // the square
  bool is_twice = false;       // the difference
  bool is_reciprocal = false;  // the division
  bool has_power = false;      // of one half, for the root
  std::int64_t keepdims = 1;
  std::optional<Shape> scale{};
  std::optional<Shape> shift{};

  Text mean(Parts& n, const Text& x) const {
    const Text result = n.mean(x, axes, keepdims);
    if (keepdims != 0) return result;
    return n.add("Unsqueeze", {result, n.integers(axes)});
  }

  Text write(Parts& n) const {
    const Text difference = n.minus("x", mean(n, "x"));
    const Text other = is_twice ? n.minus("x", mean(n, "x")) : difference;
    const Text square = is_product ? n.mul(difference, difference) : n.pow(difference, 2);
    const Text variance = n.plus(mean(n, square), 1e-3F);
    const Text deviation = has_power ? n.pow(variance, 0.5F) : n.call("Sqrt", variance);
    Text result = is_reciprocal ? n.mul(n.call("Reciprocal", deviation), other)
                                : n.add("Div", {other, deviation});
    if (scale) result = n.mul(n.noise(*scale), result);
    if (shift) result = n.plus(result, n.noise(*shift));
    return result;
  }

  Graph check(const Text& expected) const {
    Parts net;
    net.output(write(net));
    return ::check(net, expected);
  }
};

}  // namespace

TEST_CASE("layer_normalization: every way of writing it is found") {
  for (const Normalization& form : std::vector<Normalization>{
           {},
           {.axes = {2}, .scale = Shape{8}, .shift = Shape{8}},
           {.axes = {1, 2}, .scale = Shape{3, 8}, .shift = Shape{1, 3, 8}},
           {.axes = {-1, -2}, .shift = Shape{3, 8}},
           {.is_product = true, .scale = Shape{1, 8}},
           {.is_twice = true, .scale = Shape{8}, .shift = Shape{}},
           {.is_product = true, .is_twice = true, .scale = Shape{1}},
           {.is_reciprocal = true, .scale = Shape{8}, .shift = Shape{8}},
           {.has_power = true, .scale = Shape{8}, .shift = Shape{8}},
           {.keepdims = 0, .scale = Shape{8}, .shift = Shape{8}},
       }) {
    form.check("LayerNormalization");
  }
}

TEST_CASE("layer_normalization: it is named like the mean, the others are listed") {
  const Graph graph = Normalization{.scale = Shape{8}}.check("LayerNormalization");
  CHECK(graph.nodes[0].name == "ReduceMean_0");
  CHECK(graph.nodes[0].attributes.real("epsilon", 0) == 1e-3F);
  CHECK(graph.nodes[0].absorbed ==
        std::vector<Text>{"Sub_1", "Pow_2", "ReduceMean_3", "Add_4", "Sqrt_5", "Div_6", "Mul_7"});
}

TEST_CASE("layer_normalization: scale and shift may be folded into the products") {
  for (const bool is_scaled : {true, false}) {
    for (const bool is_divided : {true, false}) {
      CAPTURE(is_scaled);
      CAPTURE(is_divided);
      Parts n;
      const Text mean = n.mean("x", {-1});
      const Text difference = n.minus("x", mean);
      const Text variance = n.plus(n.mean(n.mul(difference, difference), {2}), 1e-3F);
      const Text root = n.call("Sqrt", variance);
      const Text reciprocal =
          is_divided ? n.add("Div", {n.number(1), root}) : n.call("Reciprocal", root);
      const Text factor = is_scaled ? n.mul(n.noise({8}), reciprocal) : reciprocal;
      const Text rest = n.minus(n.noise({8}), n.mul(mean, factor));
      n.output(is_divided ? n.plus(rest, n.mul(factor, "x")) : n.plus(n.mul("x", factor), rest));
      const Graph graph = check(n, "LayerNormalization");
      CHECK(graph.nodes[0].name == "ReduceMean_0");
      CHECK(graph.nodes[0].inputs.size() == 3);
    }
  }
  Parts other;  // the mean of something else
  const Text difference = other.minus("x", other.mean("x", {-1}));
  const Text variance = other.plus(other.mean(other.mul(difference, difference), {-1}), 1e-3F);
  const Text factor = other.call("Reciprocal", other.call("Sqrt", variance));
  const Text mean = other.mean(other.call("Neg", "x"), {-1});
  const Text rest = other.minus(other.noise({8}), other.mul(mean, factor));
  other.output(other.plus(other.mul("x", factor), rest));
  check(other, "ReduceMean Sub Mul ReduceMean Add Sqrt Reciprocal Neg ReduceMean Mul Sub Mul Add");
}

TEST_CASE("layer_normalization: without the mean it is the root of the mean square") {
  for (const bool is_product : {true, false}) {
    for (const bool is_reciprocal : {true, false}) {
      for (const bool is_scaled : {true, false}) {
        Parts n;
        const Text square = is_product ? n.mul("x", "x") : n.pow("x", 2);
        const Text root = n.call("Sqrt", n.plus(n.mean(square, {-1}), 1e-3F));
        const Text normal =
            is_reciprocal ? n.mul("x", n.call("Reciprocal", root)) : n.add("Div", {"x", root});
        n.output(is_scaled ? n.mul(n.noise({8}), normal) : normal);
        const Graph graph = check(n, "RMSNormalization");
        CHECK(graph.nodes[0].name == "ReduceMean_1");
        CHECK(graph.nodes[0].attributes.real("epsilon", 0) == 1e-3F);
      }
    }
  }
  Parts shifted;
  const Text root =
      shifted.call("Sqrt", shifted.plus(shifted.mean(shifted.pow("x", 2), {-1}), 1e-3F));
  shifted.output(shifted.plus(shifted.add("Div", {"x", root}), shifted.noise({8})));
  check(shifted, "RMSNormalization Add");
  Parts other;
  const Text squares = other.mean(other.pow(other.call("Exp", "x"), 2), {-1});
  other.output(other.add("Div", {"x", other.call("Sqrt", other.plus(squares, 1e-3F))}));
  check(other, "Exp Pow ReduceMean Add Sqrt Div");
}

TEST_CASE("layer_normalization: a scale or shift of other axes stays a node") {
  Normalization{.scale = Shape{3, 8}}.check("LayerNormalization Mul");
  Normalization{.scale = Shape{8}, .shift = Shape{3, 1}}.check("LayerNormalization Add");
  Normalization{.axes = {1, 2}, .scale = Shape{8}}.check("LayerNormalization Mul");
  Normalization{.scale = Shape{1, 1, 1, 8}}.check("LayerNormalization Mul");
}

TEST_CASE("layer_normalization: what only looks like it is left alone") {
  const Text parts = "ReduceMean Sub Pow ReduceMean Add Sqrt Div";
  Normalization{.axes = {1}}.check(parts);
  Normalization{.axes = {0, 2}}.check(parts);
  const auto leave = [](const Text& expected, auto write) {
    Parts net;
    write(net);
    check(net, expected);
  };
  const auto deviation = [](Parts& n, const Text& square, const Integers& axes) {
    return n.call("Sqrt", n.plus(n.mean(square, axes), 1e-3F));
  };
  // The variance over other axes than the mean.
  leave("ReduceMean Sub RMSNormalization", [&](Parts& n) {
    const Text difference = n.minus("x", n.mean("x", {-1}));
    n.output(n.add("Div", {difference, deviation(n, n.pow(difference, 2), {1, 2})}));
  });
  // A value between that is read or given out too.
  leave(parts, [&](Parts& n) {
    const Text difference = n.minus("x", n.mean("x", {-1}));
    n.output(n.add("Div", {difference, deviation(n, n.pow(difference, 2), {-1})}));
    n.output(difference);
  });
  leave(parts + " Add", [&](Parts& n) {
    const Text mean = n.mean("x", {-1});
    const Text difference = n.minus("x", mean);
    const Text result = n.add("Div", {difference, deviation(n, n.pow(difference, 2), {-1})});
    n.output(n.plus(result, mean));
  });
  // A third power, an epsilon that is not constant or not one number, the mean of something else.
  leave("ReduceMean Sub Pow Abs ReduceMean Add Sqrt Div", [&](Parts& n) {
    const Text difference = n.minus("x", n.mean("x", {-1}));
    n.output(n.add("Div", {difference, deviation(n, n.call("Abs", n.pow(difference, 3)), {-1})}));
  });
  leave("ReduceMean Sub Abs Pow ReduceMean Add Sqrt Div", [&](Parts& n) {
    n.input("e", DType::f32, {1});
    const Text difference = n.minus("x", n.mean("x", {-1}));
    const Text sum = n.plus(n.mean(n.pow(difference, 2), {-1}), n.call("Abs", "e"));
    n.output(n.add("Div", {difference, n.call("Sqrt", sum)}));
  });
}

namespace {

Text turned(Parts& n, const Text& x, const Integers& perm) {
  return n.add("Transpose", {x}, {{"perm", perm}});
}

}  // namespace

TEST_CASE("transposes: those that follow one another are one, or none") {
  check([](Parts& n) { return turned(n, turned(n, "x", {1, 0, 2}), {0, 2, 1}); }, "Transpose");
  check(
      [](Parts& n) {
        return n.call("Abs", turned(n, turned(n, n.call("Exp", "x"), {1, 2, 0}), {2, 0, 1}));
      },
      "Exp Abs");
  check([](Parts& n) { return n.call("Abs", n.add("Transpose", {n.add("Transpose", {"x"})})); },
        "Abs");
  const Graph graph = check(
      [](Parts& n) {
        return turned(n, turned(n, turned(n, "x", {1, 0, 2}), {0, 2, 1}), {2, 1, 0});
      },
      "Transpose");
  CHECK(graph.nodes[0].attributes.integers("perm") == Integers{0, 2, 1});
  CHECK(graph.nodes[0].absorbed == std::vector<Text>{"Transpose_0", "Transpose_1"});
}

TEST_CASE("transposes: what is read between, or given out, stays") {
  Parts net;
  const Text first = turned(net, "x", {1, 0, 2});
  net.output(net.call("Abs", turned(net, first, {1, 0, 2})));
  net.output(net.call("Exp", first));
  net.output(turned(net, "x", {0, 1, 2}));
  check(net, "Transpose Abs Exp Transpose");
}

TEST_CASE("transposed_products: a product learns the order of the Transpose after it") {
  const auto order = [](const Integers& perm, bool is_read_again) {
    Parts net;
    const Text product = net.add("MatMul", {"x", net.noise({2, 8, 5})});
    net.output(net.call("Exp", turned(net, product, perm)));
    if (is_read_again) net.output(net.call("Abs", product));
    return check(net, is_read_again ? "MatMul Transpose Exp Abs" : "MatMul Transpose Exp")
        .nodes[0]
        .attributes.integers("result_order");
  };
  CHECK(order({1, 0, 2}, false) == Integers{1, 0, 2});
  CHECK(order({0, 2, 1}, false).empty());
  CHECK(order({1, 0, 2}, true).empty());
}

TEST_CASE("post_ops: a scale without a mask joins the product") {
  check([](Parts& n) { return softmax(n, n.div(scores(n), 4)); }, "Transpose MatMul[mul] Softmax");
  check(
      [](Parts& n) {
        return n.minus(n.add("MatMul", {"x", n.noise({8, 4})}), n.noise({4}));
      },
      "MatMul[add]");
  check(
      [](Parts& n) {
        return n.minus(n.noise({4}), n.add("MatMul", {"x", n.noise({8, 4})}));
      },
      "MatMul Sub");
  check(
      [](Parts& n) {
        return n.add("Div", {n.number(2), n.add("MatMul", {"x", n.noise({8, 4})})});
      },
      "MatMul Div");
}

TEST_CASE("product_scales: factors of the operands become one of the result") {
  const auto turned_x = [](Parts& n, const Text& x) { return turned(n, x, {0, 2, 1}); };
  const auto keep = [&](auto write, const Text& expected) {
    Parts net;
    net.output(write(net));
    return check(net, expected);
  };
  const Graph graph = keep(
      [&](Parts& n) {
        const Text q = n.mul(n.call("Exp", "x"), 0.5F);
        const Text k = turned_x(n, n.div(n.call("Abs", "x"), 4));
        return softmax(n, n.plus(n.add("MatMul", {q, k}), n.noise({3})));
      },
      "Exp Abs Transpose MatMul MaskedSoftmax");
  CHECK(graph.nodes.back().attributes.real("scale", 0) == 0.125F);
  CHECK(graph.nodes.back().absorbed == std::vector<Text>{"Div_3", "Mul_1", "Add_6"});
  keep(
      [&](Parts& n) {
        const Text k = n.mul(turned_x(n, n.call("Abs", "x")), n.number(0.5F));
        return n.call("Exp", n.add("MatMul", {"x", k}));
      },
      "Abs Transpose MatMul[mul] Exp");
}

TEST_CASE("product_scales: what others read, or what is not one number, stays") {
  Parts net;
  const Text scaled = net.mul("x", 0.5F);
  net.output(net.add("MatMul", {scaled, net.noise({8, 2})}));
  net.output(net.call("Exp", scaled));
  net.output(net.add("MatMul", {net.mul("x", net.noise({8})), net.noise({8, 2})}));
  net.output(net.add("MatMul", {net.add("Div", {net.number(2), "x"}), net.noise({8, 2})}));
  net.output(net.add("MatMul", {net.mul("x", net.number(2, {1, 1, 1, 1})), net.noise({8, 2})}));
  check(net, "Mul MatMul Exp Mul MatMul Div MatMul Mul MatMul");
}

TEST_CASE("clips: bounds of any form are one Clip") {
  for (const Writing write : std::vector<Writing>{
           [](Parts& n) { return n.clip("x", -0.25F, 0.5F); },
           [](Parts& n) {
             return n.add("Min", {n.add("Max", {"x", n.number(-0.25F)}), n.number(0.5F)});
           },
           [](Parts& n) {
             return n.add("Max", {n.number(-0.25F, {1, 1}), n.add("Min", {n.number(0.5F), "x"})});
           },
           [](Parts& n) { return n.clip(n.clip("x", -0.5F, 0.5F), -0.25F, 3); },
           [](Parts& n) { return n.clip(n.clip("x", -0.25F, 2), -7, 0.5F); },
           [](Parts& n) { return n.clip(n.clip(n.clip("x", -1, 1), -0.25F, 1), -1, 0.5F); },
       }) {
    const Graph graph = check(write, "Clip");
    const auto bound = [&](std::size_t slot) {
      return graph.value(graph.nodes[0].inputs[slot]).constant->values<float>()[0];
    };
    CHECK(bound(1) == -0.25F);
    CHECK(bound(2) == 0.5F);
  }
  check([](Parts& n) { return n.add("Min", {n.call("Relu", "x"), n.number(0.5F)}); }, "Clip");
  check([](Parts& n) { return n.clip(n.clip("x", 0.25F, 0.5F), 0.75F, 1); }, "Clip");
  check(
      [](Parts& n) {
        const Text x = n.add("Conv", {"x", n.noise({4, 3, 1})});
        return n.add("Min", {n.add("Max", {x, n.number(0)}), n.number(0.5F)});
      },
      "Conv[Clip]");
}

TEST_CASE("clips: what is bounded by several numbers, by values or for others stays") {
  check([](Parts& n) { return n.add("Min", {"x", n.noise({8})}); }, "Min");
  check([](Parts& n) { return n.add("Min", {"x", n.number(0.5F, {1, 1, 1, 1})}); }, "Min");
  check([](Parts& n) { return n.add("Max", {"x", n.call("Exp", "x")}); }, "Exp Max");
  check([](Parts& n) { return n.add("Max", {"x", n.number(0), n.call("Exp", "x")}); }, "Exp Max");
  check([](Parts& n) { return n.clip(n.clip("x", -0.5F, 0.5F), 0.5F, -0.5F); }, "Clip Clip");
  check(
      [](Parts& n) {
        const Text first = n.clip("x", -0.5F, 0.5F);
        return n.plus(n.clip(first, 0, 1), first);
      },
      "Clip Clip Add");
}

TEST_CASE("operators without their first output pass through every pass") {
  Net net(14);
  net.input("x", DType::f32, {5, 2, 3});
  net.node("LSTM", {"x", net.noise({1, 16, 3}), net.noise({1, 16, 4})}, {"", "last"},
           {{"hidden_size", std::int64_t{4}}});
  net.output("last");
  check(net, "LSTM");
}
