// A vocabulary of small functions on values, in which the tests of the recognition passes write the
// parts that an operator is made of.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "pass_check.hpp"

using Text = std::string;
using Integers = std::vector<std::int64_t>;

/// A model with a vocabulary of small functions on its values.
class Parts : public Net {
 public:
  Parts() { input("x", ampd::tensor::DType::f32, {2, 3, 8}); }

  Text number(float value, const ampd::tensor::Shape& shape = {}) {
    ampd::tensor::Tensor tensor(ampd::tensor::DType::f32, shape);
    std::ranges::fill(tensor.mutable_values<float>(), value);
    const Text name = "n" + std::to_string(model.graph().initializer_size());
    constant(name, tensor);
    return name;
  }
  Text mul(const Text& a, const Text& b) { return add("Mul", {a, b}); }
  Text mul(const Text& a, float b) { return mul(a, number(b)); }
  Text div(const Text& a, float b) { return add("Div", {a, number(b)}); }
  Text plus(const Text& a, const Text& b) { return add("Add", {a, b}); }
  Text plus(const Text& a, float b) { return plus(a, number(b)); }
  Text minus(const Text& a, const Text& b) { return add("Sub", {a, b}); }
  Text pow(const Text& a, float b) { return add("Pow", {a, number(b)}); }
  Text call(const Text& function, const Text& a) { return add(function, {a}); }
  Text clip(const Text& a, float low, float high) {
    return add("Clip", {a, number(low), number(high)});
  }
  Text mean(const Text& a, const Integers& axes, std::int64_t keepdims = 1) {
    return add("ReduceMean", {a}, {{"axes", axes}, {"keepdims", keepdims}});
  }
};

using Writing = Text (*)(Parts& net);

inline ampd::graph::Graph check(Writing write, const Text& expected) {
  Parts net;
  net.output(write(net));
  return check(net, expected);
}

/// The scores of an attention, before they are scaled and masked.
inline Text scores(Parts& n) {
  return n.add("MatMul", {"x", n.add("Transpose", {"x"}, {{"perm", Integers{0, 2, 1}}})});
}

inline Text softmax(Parts& n, const Text& x, std::int64_t axis = -1) {
  return n.add("Softmax", {x}, {{"axis", axis}});
}
