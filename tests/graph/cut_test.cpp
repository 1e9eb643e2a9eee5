#include "graph/cut.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "graph/passes.hpp"
#include "onnx_builder.hpp"

using namespace ampd;
using namespace ampd::graph;
using tensor::DType;
using tensor::Tensor;
using Names = std::vector<std::string>;

namespace {

Graph settled(const OnnxBuilder& builder) {
  return settle(builder.import(), {}, {}, {});
}

Names nodes_of(const Graph& graph) {
  Names names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

Names names_of(const Graph& graph, const std::vector<ValueId>& ids) {
  Names names;
  for (const ValueId id : ids) names.push_back(graph.value(id).name);
  std::ranges::sort(names);
  return names;
}

/// x -> relu r -> NonZero n -> Cast f -> Neg y, beside r -> Exp e, both given out.
OnnxBuilder with_non_zero() {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {2, 3});
  builder.node("Relu", {"x"}, {"r"}, {}, "relu");
  builder.node("Exp", {"r"}, {"e"}, {}, "exp");
  builder.node("NonZero", {"r"}, {"n"}, {}, "non_zero");
  builder.node("Cast", {"n"}, {"f"}, {{"to", std::int64_t{1}}}, "cast");
  builder.node("Neg", {"f"}, {"y"}, {}, "neg");
  builder.output("e");
  builder.output("y");
  return builder;
}

}  // namespace

TEST_CASE("a graph is cut before and behind the node that finds out its shape itself") {
  const Graph graph = settled(with_non_zero());
  REQUIRE(find_open_node(graph) != nullptr);
  CHECK(find_open_node(graph)->name == "non_zero");
  const Cut parts = cut(graph);
  CHECK(nodes_of(parts.first) == Names{"relu"});
  CHECK(names_of(parts.first, parts.first.outputs) == Names{"r"});
  CHECK(nodes_of(parts.selection) == Names{"non_zero"});
  CHECK(names_of(parts.selection, parts.selection.inputs) == Names{"r"});
  CHECK(names_of(parts.selection, parts.selection.outputs) == Names{"n"});
  CHECK(nodes_of(parts.rest) == Names{"exp", "cast", "neg"});
  CHECK(names_of(parts.rest, parts.rest.inputs) == Names{"n", "r"});
  CHECK(names_of(parts.rest, parts.rest.outputs) == Names{"e", "y"});
  CHECK(parts.deciding.empty());
}

TEST_CASE("the rest of a cut settles once the selected shapes are known") {
  const Cut parts = cut(settled(with_non_zero()));
  const Graph rest = settle(parts.rest, {{"n", {2, 5}}, {"r", {2, 3}}}, {}, {});
  CHECK(find_open_node(rest) == nullptr);
  for (const ValueId id : rest.outputs) {
    const bool is_far = rest.value(id).name == "y";
    CHECK(*rest.value(id).shape == (is_far ? tensor::Shape{2, 5} : tensor::Shape{2, 3}));
  }
}

TEST_CASE("an input that holds a shape decides without any node running first") {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {2, 3});
  builder.input("shape", DType::i64, {1});
  builder.node("Relu", {"x"}, {"r"}, {}, "relu");
  builder.node("Reshape", {"r", "shape"}, {"y"}, {}, "reshape");
  builder.output("y");
  const Cut parts = cut(settled(builder));
  CHECK(parts.first.nodes.empty());
  CHECK(names_of(parts.first, parts.first.inputs) == Names{"shape", "x"});
  CHECK(parts.selection.nodes.empty());
  CHECK(parts.deciding == std::set<std::string>{"shape"});
  CHECK(nodes_of(parts.rest) == Names{"relu", "reshape"});
  const Tensor six = Tensor::of<std::int64_t>({1}, {6});
  const Graph rest = settle(parts.rest, {{"x", {2, 3}}, {"shape", {1}}}, {{"shape", six}}, {});
  CHECK(find_open_node(rest) == nullptr);
  CHECK(names_of(rest, rest.inputs) == Names{"x"});
  CHECK(*rest.value(rest.outputs[0]).shape == tensor::Shape{6});
}

TEST_CASE("only the inputs that decide are asked for their values") {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {4, 3});
  builder.input("start", DType::i64, {1});
  builder.constant("end", Tensor::of<std::int64_t>({1}, {4}));
  builder.node("Abs", {"start"}, {"a"}, {}, "abs");
  builder.node("Relu", {"x"}, {"r"}, {}, "relu");
  builder.node("Slice", {"r", "a", "end"}, {"y"}, {}, "slice");
  builder.output("y");
  const Cut parts = cut(settled(builder));
  CHECK(parts.deciding == std::set<std::string>{"a"});
  CHECK(nodes_of(parts.first) == Names{"abs"});
  CHECK(nodes_of(parts.rest) == Names{"relu", "slice"});
}

TEST_CASE("a node that waits for an open one is left to a later cut") {
  OnnxBuilder builder(13);
  builder.input("x", DType::f32, {6});
  builder.node("NonZero", {"x"}, {"a"}, {}, "one");
  builder.node("NonZero", {"a"}, {"b"}, {}, "two");
  builder.output("b", DType::i64);
  const Cut parts = cut(settled(builder));
  CHECK(nodes_of(parts.selection) == Names{"one"});
  CHECK(nodes_of(parts.rest) == Names{"two"});
  const Cut more = cut(settle(parts.rest, {{"a", {1, 4}}}, {}, {}));
  CHECK(more.first.nodes.empty());
  CHECK(nodes_of(more.selection) == Names{"two"});
  CHECK(more.rest.outputs.empty());
}

TEST_CASE("a value bound to an input must be of its type and shape") {
  OnnxBuilder builder(13);
  builder.input("x", DType::i64, {2});
  builder.node("ConstantOfShape", {"x"}, {"y"}, {}, "fill");
  builder.output("y");
  const Tensor wrong = Tensor::of<std::int32_t>({2}, {1, 2});
  CHECK_THROWS_WITH_AS(settle(builder.import(), {}, {{"x", wrong}}, {}),
                       doctest::Contains("the input x is given a value of another type"), Error);
}
