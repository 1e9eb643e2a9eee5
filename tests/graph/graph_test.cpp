#include "graph/graph.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"

using namespace ampd;
using graph::Graph;
using graph::Node;
using graph::Value;
using tensor::DType;
using tensor::Tensor;

namespace {

/// x -> Relu "first" -> a -> Relu "second" -> y
Graph chain() {
  Graph graph;
  graph.name = "chain";
  for (const char* name : {"x", "a", "y"}) {
    Value value;
    value.name = name;
    graph.add_value(value);
  }
  for (int i = 0; i < 2; ++i) {
    Node node;
    node.name = i == 0 ? "first" : "second";
    node.op_type = "Relu";
    node.inputs = {i};
    node.outputs = {i + 1};
    graph.nodes.push_back(node);
  }
  graph.inputs = {0};
  graph.outputs = {2};
  return graph;
}

std::string complaint(const Graph& graph) {
  try {
    graph::verify(graph, "the test");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(std::string(error.what()).find("after the test") != std::string::npos);
    return error.what();
  }
  return "";
}

void check_complaint(const Graph& graph, const std::string& part) {
  const std::string sentence = complaint(graph);
  CAPTURE(sentence);
  CHECK(sentence.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a well-formed graph knows who makes and who reads each value") {
  const Graph graph = chain();
  CHECK(complaint(graph).empty());
  CHECK_FALSE(graph.producers()[0].has_value());
  CHECK(graph.producers()[2] == 1);
  CHECK(graph.consumers()[1] == std::vector<std::size_t>{1});
  CHECK(graph.is_output(2));
  CHECK(graph.find_node("second")->inputs[0] == 1);
  CHECK(graph.find_node("third") == nullptr);
}

TEST_CASE("verify names what is wrong with a graph") {
  Graph graph = chain();
  SUBCASE("an index out of range") {
    graph.nodes[1].inputs[0] = 7;
    check_complaint(graph, "second refers to value 7");
  }
  SUBCASE("a value read before it is made") {
    std::swap(graph.nodes[0], graph.nodes[1]);
    check_complaint(graph, "second reads a before it is made");
  }
  SUBCASE("a value made twice") {
    graph.nodes[1].outputs[0] = 1;
    check_complaint(graph, "second makes a a second time");
  }
  SUBCASE("two nodes of one name") {
    graph.nodes[1].name = "first";
    check_complaint(graph, "two nodes are named first");
  }
  SUBCASE("a constant that differs from its value") {
    const graph::ValueId id = graph.add_constant("c", Tensor(DType::i64, {2}));
    graph.value(id).shape = tensor::Shape{3};
    check_complaint(graph, "the constant c differs");
  }
  SUBCASE("a post-op that reads what comes later") {
    graph.nodes[0].post_ops.push_back({graph::PostOp::Kind::sum, "", {}, 2});
    check_complaint(graph, "first reads y before it is made");
  }
  SUBCASE("an output that nothing makes") {
    graph.nodes.pop_back();
    check_complaint(graph, "the list of outputs reads y before it is made");
  }
}

TEST_CASE("attributes are read by type, with a default when absent") {
  graph::Attributes attributes;
  attributes.set("axis", std::int64_t{3});
  attributes.set("alpha", 0.5F);
  attributes.set("mode", std::string("edge"));
  attributes.set("pads", std::vector<std::int64_t>{1, 2});
  CHECK(attributes.integer("axis", 0) == 3);
  CHECK(attributes.integer("absent", 7) == 7);
  CHECK(attributes.real("alpha", 0) == 0.5F);
  CHECK(attributes.text("mode", "") == "edge");
  CHECK(attributes.integers("pads").size() == 2);
  CHECK(attributes.tensor("absent") == nullptr);
  CHECK_THROWS_WITH_AS(attributes.real("axis", 0), "the attribute axis must be a real number",
                       Error);
  attributes.erase("axis");
  CHECK_FALSE(attributes.has("axis"));
}
