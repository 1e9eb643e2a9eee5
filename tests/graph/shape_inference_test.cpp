#include "graph/shape_inference.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"
#include "onnx_builder.hpp"

using namespace ampd;
using graph::Graph;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

namespace {

using Integers = std::vector<std::int64_t>;

/// An input of a node under test: a shape of float32, or the elements of a constant.
struct In {
  In(Shape extents) : shape(std::move(extents)) {}
  static In ints(Integers list) {
    In in({});
    in.list = std::move(list);
    in.is_constant = true;
    return in;
  }
  Shape shape;
  Integers list;
  bool is_constant = false;
};

/// The types of a node's outputs, as "float32 1x2, int64 3".
std::string infer(const std::string& op_type, const std::vector<In>& inputs,
                  const OnnxBuilder::AttributeList& attributes = {}, int opset = 13,
                  int outputs = 1) {
  OnnxBuilder model(opset);
  std::vector<std::string> names;
  for (const In& in : inputs) {
    const std::string name = "i" + std::to_string(names.size());
    names.push_back(name);
    if (in.is_constant) {
      model.constant(name, Tensor::of<std::int64_t>({std::ssize(in.list)}, in.list));
    } else {
      model.input(name, DType::f32, in.shape);
    }
  }
  std::vector<std::string> results;
  for (int i = 0; i < outputs; ++i) {
    results.push_back("o" + std::to_string(i));
    model.output(results.back());
  }
  model.node(op_type, names, results, attributes, "it");
  Graph graph = model.import();
  graph::infer_shapes(graph);
  std::string text;
  for (const graph::ValueId id : graph.outputs) {
    const graph::Value& value = graph.value(id);
    if (!text.empty()) text += ", ";
    text += tensor::to_string(value.dtype);
    text += value.shape ? " " + tensor::to_string(*value.shape) : " any";
  }
  return text;
}

std::string refusal(const std::string& op_type, const std::vector<In>& inputs,
                    const OnnxBuilder::AttributeList& attributes = {}, int opset = 13) {
  try {
    return "was inferred as " + infer(op_type, inputs, attributes, opset);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("windows give the extents of convolutions and pools") {
  const Integers three{3, 3};
  const auto pool = [&](OnnxBuilder::AttributeList more) {
    more.emplace_back("kernel_shape", three);
    return infer("MaxPool", {In({1, 2, 7, 8})}, more);
  };
  CHECK(pool({}) == "float32 1x2x5x6");
  CHECK(pool({{"strides", Integers{2, 2}}}) == "float32 1x2x3x3");
  CHECK(pool({{"strides", Integers{2, 2}}, {"ceil_mode", std::int64_t{1}}}) == "float32 1x2x3x4");
  CHECK(pool({{"pads", Integers{1, 1, 1, 1}}}) == "float32 1x2x7x8");
  CHECK(pool({{"dilations", Integers{2, 3}}}) == "float32 1x2x3x2");
  CHECK(pool({{"auto_pad", std::string("SAME_UPPER")}, {"strides", Integers{2, 3}}}) ==
        "float32 1x2x4x3");
  CHECK(pool({{"auto_pad", std::string("VALID")}}) == "float32 1x2x5x6");
  CHECK(infer("Conv", {In({-1, 4, 9}), In({6, 2, 3})}, {{"group", std::int64_t{2}}}) ==
        "float32 ?x6x7");
  CHECK(infer("Conv", {In({2, 3, 5, 5, 5}), In({4, 3, 2, 2, 2})}) == "float32 2x4x4x4x4");
  CHECK(infer("GlobalAveragePool", {In({2, 3, 4, 5})}) == "float32 2x3x1x1");
}

TEST_CASE("a last window that would start in the padding is not counted") {
  CHECK(infer("MaxPool", {In({1, 1, 4})},
              {{"kernel_shape", Integers{1}},
               {"strides", Integers{2}},
               {"pads", Integers{0, 1}},
               {"ceil_mode", std::int64_t{1}}}) == "float32 1x1x2");
}

TEST_CASE("transposed convolutions grow by stride, padding or the shape that is asked for") {
  const std::vector<In> inputs{In({1, 2, 3, 3}), In({2, 4, 3, 3})};
  const Integers two{2, 2};
  CHECK(infer("ConvTranspose", inputs) == "float32 1x4x5x5");
  CHECK(infer("ConvTranspose", inputs, {{"strides", two}}) == "float32 1x4x7x7");
  CHECK(infer("ConvTranspose", inputs, {{"strides", two}, {"output_padding", Integers{1, 0}}}) ==
        "float32 1x4x8x7");
  CHECK(infer("ConvTranspose", inputs, {{"strides", two}, {"output_shape", Integers{6, 8}}}) ==
        "float32 1x4x6x8");
  CHECK(infer("ConvTranspose", inputs,
              {{"strides", two}, {"auto_pad", std::string("SAME_LOWER")}}) == "float32 1x4x6x6");
}

TEST_CASE("matrix products follow NumPy") {
  CHECK(infer("MatMul", {In({2, 1, 3, 4}), In({5, 4, 6})}) == "float32 2x5x3x6");
  CHECK(infer("MatMul", {In({4}), In({4, 6})}) == "float32 6");
  CHECK(infer("MatMul", {In({3, 4}), In({4})}) == "float32 3");
  CHECK(infer("MatMul", {In({4}), In({4})}) == "float32 scalar");
  CHECK(infer("Gemm", {In({3, 2}), In({4, 3}), In({4})},
              {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}}) == "float32 2x4");
}

TEST_CASE("layout operators move, join and cut extents") {
  CHECK(infer("Reshape", {In({2, 3, 4}), In::ints({0, -1})}) == "float32 2x12");
  CHECK(infer("Reshape", {In({-1, 3, 4}), In::ints({-1, 12})}) == "float32 ?x12");
  CHECK(infer("Reshape", {In({2, 6}), In({3})}) == "float32 ?x?x?");
  CHECK(infer("Flatten", {In({2, 3, 4})}, {{"axis", std::int64_t{-1}}}) == "float32 6x4");
  CHECK(infer("Transpose", {In({2, 3, 4})}) == "float32 4x3x2");
  CHECK(infer("Transpose", {In({2, 3, 4})}, {{"perm", Integers{1, 2, 0}}}) == "float32 3x4x2");
  CHECK(infer("Squeeze", {In({1, 3, 1}), In::ints({-1})}) == "float32 1x3");
  CHECK(infer("Squeeze", {In({1, 3, 1})}) == "float32 3");
  CHECK(infer("Squeeze", {In({1, 3, 1})}, {{"axes", Integers{0}}}, 11) == "float32 3x1");
  CHECK(infer("Unsqueeze", {In({3}), In::ints({0, -1})}) == "float32 1x3x1");
  CHECK(infer("Concat", {In({2, 3}), In({2, 5})}, {{"axis", std::int64_t{1}}}) == "float32 2x8");
  CHECK(infer("Split", {In({7, 2})}, {}, 18, 2) == "float32 4x2, float32 3x2");
  CHECK(infer("Split", {In({7, 2}), In::ints({2, 5})}, {}, 13, 2) == "float32 2x2, float32 5x2");
  CHECK(infer("Slice", {In({9, 5}), In::ints({-2, 1}), In::ints({-100, 100}), In::ints({0, 1}),
                        In::ints({-3, 2})}) == "float32 3x2");
  CHECK(infer("Slice", {In({9, 5})}, {{"starts", Integers{1}}, {"ends", Integers{-1}}}, 9) ==
        "float32 7x5");
  CHECK(infer("Pad", {In({2, 3}), In::ints({1, 0, 0, -1})}) == "float32 3x2");
  CHECK(infer("Expand", {In({3, 1}), In::ints({2, 1, 4})}) == "float32 2x3x4");
  CHECK(infer("Tile", {In({2, 3}), In::ints({2, 0})}) == "float32 4x0");
  CHECK(infer("Gather", {In({4, 5}), In({2, 3})}, {{"axis", std::int64_t{1}}}) == "float32 4x2x3");
  CHECK(infer("Shape", {In({-1, 3})}) == "int64 2");
}

TEST_CASE("reductions drop or keep axes given as attribute or input") {
  CHECK(infer("ReduceMean", {In({2, 3, 4})}, {{"axes", Integers{-1, 0}}}) == "float32 1x3x1");
  CHECK(infer("ReduceSum", {In({2, 3, 4}), In::ints({1})}, {{"keepdims", std::int64_t{0}}}) ==
        "float32 2x4");
  CHECK(infer("ReduceMax", {In({2, 3}), In::ints({1})}, {}, 18) == "float32 2x1");
  CHECK(infer("ReduceSum", {In({2, 3})}, {{"noop_with_empty_axes", std::int64_t{1}}}) ==
        "float32 2x3");
  CHECK(infer("ReduceSum", {In({2, 3})}, {{"keepdims", std::int64_t{0}}}) == "float32 scalar");
  CHECK(infer("ArgMax", {In({2, 3})}, {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}}) ==
        "int64 2");
  CHECK(infer("TopK", {In({2, 7}), In::ints({3})}, {}, 13, 2) == "float32 2x3, int64 2x3");
}

TEST_CASE("comparisons give bools, casts the type that is asked for") {
  CHECK(infer("Less", {In({2, 1}), In({3})}) == "bool 2x3");
  CHECK(infer("Cast", {In({2})}, {{"to", std::int64_t{10}}}) == "float16 2");
  CHECK(infer("Add", {In({-1, 3}), In({4, 1})}) == "float32 4x3");
}

TEST_CASE("before opset 13 Softmax works on a matrix") {
  const auto operators = [](int opset, const Shape& shape) {
    OnnxBuilder model(opset);
    model.input("x", DType::f32, shape);
    model.node("Softmax", {"x"}, {"y"}, {}, "it");
    model.output("y");
    Graph graph = model.import();
    graph::infer_shapes(graph);
    std::string text;
    for (const graph::Node& node : graph.nodes) text += node.op_type + " ";
    CHECK(graph.value(graph.outputs[0]).dtype == DType::f32);
    CHECK(graph.find_node("it")->op_type == "Softmax");
    return text;
  };
  CHECK(operators(9, {2, 3, 4}) == "Shape Flatten Softmax Reshape ");
  CHECK(operators(9, {2, 3}) == "Softmax ");
  CHECK(operators(9, {2, 3, 1, 1}) == "Softmax ");
  CHECK(operators(13, {2, 3, 4}) == "Softmax ");
}

TEST_CASE("inputs that do not fit are refused with the node's name") {
  struct Row {
    std::string sentence;
    const char* part;
  };
  const Integers three{3, 3};
  for (const Row& row : {
           Row{refusal("Add", {In({2, 3}), In({4})}), "do not broadcast"},
           Row{refusal("Add", {In({2}), In::ints({1, 2})}), "mixes the element types"},
           Row{refusal("Conv", {In({1, 3, 8, 8}), In({4, 2, 3, 3})}), "weights for 2 channels"},
           Row{refusal("Conv", {In({1, 3, 2, 2}), In({4, 3, 3, 3})}), "a window of 3"},
           Row{refusal("Conv", {In({1, 3, 8, 8}), In({4, 3, 3, 3}), In({5})}), "bias of shape 5"},
           Row{refusal("Conv", {In({1, 3, 8, 8}), In({4, 3, 3, 3})}, {{"strides", Integers{0, 1}}}),
               "0 in strides"},
           Row{refusal("Conv", {In({1, 3, 8, 8}), In({4, 3, 3, 3})}, {{"pads", Integers{1}}}),
               "1 entries in pads"},
           Row{refusal("Conv", {In({1, 4, 8, 8}), In({4, 2, 3, 3})}, {{"group", std::int64_t{0}}}),
               "the group 0"},
           Row{refusal("Conv", {In({1, 3, 8, 8}), In({4, 3, 3, 3})},
                       {{"auto_pad", std::string("SOME")}}),
               "unknown auto_pad SOME"},
           Row{refusal("MaxPool", {In({1, 3, 8, 8})}), "no kernel_shape"},
           Row{refusal("MatMul", {In({2, 3}), In({4, 5})}), "cannot multiply shapes 2x3 and 4x5"},
           Row{refusal("Gemm", {In({2, 3}), In({3, 5}), In({4})}), "a C of shape 4"},
           Row{refusal("Reshape", {In({2, 3}), In::ints({4, -1})}), "cannot reshape 2x3"},
           Row{refusal("Reshape", {In({2, 3}), In::ints({-1, -1})}), "two extents open"},
           Row{refusal("Transpose", {In({2, 3})}, {{"perm", Integers{0, 0}}}), "axis 0 twice"},
           Row{refusal("Squeeze", {In({2, 3}), In::ints({0})}), "squeezes axis 0"},
           Row{refusal("Concat", {In({2, 3}), In({3, 3})}, {{"axis", std::int64_t{1}}}),
               "differ beside its axis"},
           Row{refusal("Slice",
                       {In({4}), In::ints({0}), In::ints({2}), In::ints({0}), In::ints({0})}),
               "a step of 0"},
           Row{refusal("Expand", {In({3}), In::ints({4})}), "cannot expand"},
           Row{refusal("ReduceSum", {In({2, 3}), In::ints({2})}), "the axis 2"},
           Row{refusal("TopK", {In({2}), In::ints({3})}), "takes the top 3"},
           Row{refusal("Cast", {In({2})}, {{"to", std::int64_t{8}}}), "casts to string"},
           Row{refusal("BatchNormalization", {In({1, 3}), In({3}), In({3}), In({3}), In({2})}),
               "a parameter of shape 2"},
           Row{refusal("Relu", {In({2}), In({2})}), "has 2 inputs"},
           Row{refusal("Softmax", {In({2})}, {{"axis", 1.0F}}), "must be an integer"},
       }) {
    CAPTURE(row.sentence);
    CHECK(row.sentence.find("the node it (") == 0);
    CHECK(row.sentence.find(row.part) != std::string::npos);
  }
}

TEST_CASE("all unknown operators are named at once, by domain and version") {
  OnnxBuilder model(13);
  model.import_opset("com.example", 3);
  model.input("x", DType::f32, {1});
  model.node("Mystery", {"x"}, {"a"}, {}, "first");
  model.node("Relu", {"a"}, {"b"});
  model.node("Mystery", {"b"}, {"c"}, {}, "second");
  model.node("Gelu", {"c"}, {"d"}, {}, "early");
  model.node("Relu", {"d"}, {"y"}, {}, "other").set_domain("com.example");
  model.output("y");
  const auto unknown = graph::unknown_ops(model.import());
  REQUIRE(unknown.size() == 3);
  CHECK(unknown[0].op_type == "Gelu");  // it came with opset 20
  CHECK(unknown[1].op_type == "Mystery");
  CHECK(unknown[1].nodes == std::vector<std::string>{"first", "second"});
  CHECK(unknown[2].op_type == "com.example.Relu");
  CHECK(unknown[2].opset == 3);
  Graph graph = model.import();
  CHECK_THROWS_WITH_AS(graph::infer_shapes(graph),
                       "the node first (Mystery) is an operator of ai.onnx opset 13 that ampd does "
                       "not know",
                       Error);
}
