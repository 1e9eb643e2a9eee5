// Scale, mask and softmax of scores are found as one operator, however they are written.
#include <limits>

#include "ampd/error.hpp"
#include "parts.hpp"

using namespace ampd;
using graph::Graph;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

TEST_CASE("masked_softmax: scale and mask join the softmax of the scores") {
  for (const auto& [write, scale] : std::vector<std::pair<Writing, float>>{
           {[](Parts& n) {
              return softmax(n, n.plus(n.div(scores(n), 4), n.noise({3, 3})));
            },
            0.25F},
           {[](Parts& n) {
              return softmax(n, n.plus(n.noise({1, 3, 3}), n.mul(n.number(0.5F), scores(n))), 2);
            },
            0.5F},
           {[](Parts& n) { return softmax(n, n.plus(scores(n), n.noise({3}))); }, 1.F},
           {[](Parts& n) {
              n.input("mask", DType::f32, {2, 1, 3});
              return softmax(n, n.plus(n.mul(scores(n), 0.125F), "mask"));
            },
            0.125F},
           {[](Parts& n) {
              n.input("bias", DType::f32, {2, 3, 3});
              return softmax(n, n.plus("bias", scores(n)));
            },
            1.F},
       }) {
    const Graph graph = check(write, "Transpose MatMul MaskedSoftmax");
    CHECK(graph.nodes[2].attributes.real("scale", 0) == scale);
    CHECK(graph.nodes[2].name.starts_with("Softmax"));
    CHECK(graph.nodes[2].inputs[0] == graph.nodes[1].outputs[0]);
  }
}

namespace {

Text causal(Parts& n, std::int64_t rows = 3) {
  std::vector<bool> seen;
  for (std::int64_t i = 0; i < rows * 3; ++i) seen.push_back(i % 3 <= i / 3);
  const Text name = "causal" + std::to_string(n.model.graph().initializer_size());
  n.constant(name, Tensor::of<bool>({rows, 3}, seen));
  return name;
}

/// Which scores are seen, as the data decide: those of positive keys and the query's own.
Text computed(Parts& n) {
  n.input("keys", DType::f32, {2, 1, 3});
  n.constant("own", Tensor::of<bool>({3, 3}, {true, false, false, false, true, false,  //
                                              false, false, true}));
  return n.add("Or", {n.add("Greater", {"keys", n.number(0)}), "own"});
}

constexpr float lowest = std::numeric_limits<float>::lowest();

}  // namespace

TEST_CASE("masked_softmax: a choice between scores and a large number is a mask") {
  const Text whole = "Transpose MatMul MaskedSoftmax";
  for (const float large : {-1e4F, -1e9F, lowest, -std::numeric_limits<float>::infinity()}) {
    CAPTURE(large);
    Parts net;
    net.output(softmax(net, net.add("Where", {causal(net), net.div(scores(net), 4),  //
                                              net.number(large)})));
    const Graph graph = check(net, whole);
    CHECK(graph.nodes[2].attributes.real("scale", 0) == 0.25F);
    CHECK(graph.value(graph.nodes[2].inputs[1]).shape == Shape{3, 3});
  }
  check(
      [](Parts& n) {
        const Text hidden = n.add("Not", {causal(n)});
        return softmax(n, n.add("Where", {hidden, n.number(lowest, {3, 3}), scores(n)}));
      },
      whole);
  check(
      [](Parts& n) {
        const Text chosen = n.add("Where", {causal(n), scores(n), n.number(lowest)});
        return softmax(n, n.plus(chosen, n.noise({2, 1, 3})));
      },
      whole);
  check(
      [](Parts& n) {
        return softmax(n, n.add("Where", {causal(n), n.plus(n.noise({3, 3}), scores(n)),  //
                                          n.number(lowest)}));
      },
      whole);
  check(
      [](Parts& n) {
        return softmax(n, n.add("Where", {computed(n), scores(n), n.number(-1e30F)}));
      },
      "Greater Or Transpose MatMul Where MaskedSoftmax");
  check(
      [](Parts& n) {
        const Text chosen = n.add("Where", {computed(n), scores(n), n.number(lowest)});
        return softmax(n, n.plus(chosen, n.noise({3, 3})));
      },
      "Greater Or Transpose MatMul Where Add MaskedSoftmax");
}

TEST_CASE("masked_softmax: a choice that a sum cannot make is left alone") {
  // A number that is not large, or one of many; a row of which nothing is seen, or may not be.
  const auto leave = [](const Text& expected, auto write) {
    Parts net;
    write(net);
    check(net, expected);
  };
  const Text parts = "Transpose MatMul Where Softmax";
  leave(parts, [](Parts& n) {
    n.output(softmax(n, n.add("Where", {causal(n), scores(n), n.number(-100)})));
  });
  leave(parts, [](Parts& n) {
    n.output(softmax(n, n.add("Where", {causal(n), scores(n), n.noise({3, 3})})));
  });
  leave(parts, [](Parts& n) {
    n.constant("none", Tensor::of<bool>({1, 3}, {false, false, false}));
    n.output(softmax(n, n.add("Where", {"none", scores(n), n.number(-1e4F)})));
  });
  leave("Greater Or " + parts, [](Parts& n) {
    n.output(softmax(n, n.add("Where", {computed(n), scores(n), n.number(-1e4F)})));
  });
  leave("Transpose MatMul Where Softmax Add", [](Parts& n) {
    const Text chosen = n.add("Where", {causal(n), scores(n), n.number(-1e9F)});
    n.output(n.plus(softmax(n, chosen), chosen));
  });
}

TEST_CASE("masked_softmax: what only looks like it is left alone") {
  // Another axis.
  check(
      [](Parts& n) {
        return softmax(n, n.plus(n.div(n.call("Exp", "x"), 4), n.noise({3, 8})), 1);
      },
      "Exp Div Add Softmax");
  // A mask that the scores are broadcast to.
  check(
      [](Parts& n) {
        return softmax(n, n.plus(n.call("Exp", "x"), n.noise({4, 2, 3, 8})));
      },
      "Exp Add Softmax");
  // A sum that is read again.
  check(
      [](Parts& n) {
        const Text sum = n.plus(n.call("Exp", "x"), n.noise({3, 8}));
        return n.plus(softmax(n, sum), sum);
      },
      "Exp Add Softmax Add");
  // Scales that are read again, or not one number, stay with the scores.
  check(
      [](Parts& n) {
        const Text scaled = n.mul(n.call("Exp", "x"), 0.5F);
        return n.plus(softmax(n, n.plus(scaled, n.noise({3, 8}))), scaled);
      },
      "Exp Mul MaskedSoftmax Add");
  check(
      [](Parts& n) {
        return softmax(n, n.plus(n.mul(n.call("Exp", "x"), n.noise({8})), n.noise({3, 8})));
      },
      "Exp Mul MaskedSoftmax");
  check(
      [](Parts& n) {
        return softmax(n, n.plus(n.add("Div", {n.number(2), n.call("Exp", "x")}), n.noise({8})));
      },
      "Exp Div MaskedSoftmax");
}
