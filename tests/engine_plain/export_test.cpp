#include <doctest/doctest.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "engine/plain.hpp"
#include "graph/onnx_export.hpp"
#include "graph/onnx_import.hpp"
#include "graph/passes.hpp"
#include "graph/rounded_inputs.hpp"
#include "interpreter.hpp"
#include "net.hpp"
#include "same_graph.hpp"
#include "shared_folder.hpp"

using namespace ampd;
using graph::Graph;
using graph::Node;
using Precisions = std::map<std::string, Precision>;

namespace {

class Model {
 public:
  explicit Model(const Net& net) : name_("net") {
    const std::string text = net.bytes();
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.assign(bytes.begin(), bytes.end());
  }
  Model(std::vector<std::byte> bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  Graph imported() const { return graph::import_onnx(bytes_, {}, name_); }
  Graph compiled() const { return graph::specialise(imported(), {}, engine::evaluate_plain); }
  Model exported(const Precisions& precisions) const {
    return {graph::export_onnx(bytes_, {}, name_, precisions, engine::evaluate_plain), name_};
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::string name_;
};

/// What the compiled original is once its operators are stored as `precisions` say.
Graph stored(Graph graph, const Precisions& precisions) {
  for (Node& node : graph.nodes) {
    const auto found = precisions.find(node.name);
    if (found == precisions.end()) continue;
    node.stored_precision = found->second;
    for (const std::size_t slot : graph::rounded_inputs(node.op_type)) {
      auto& constant = graph.value(node.inputs[slot]).constant;
      if (!constant) continue;
      const auto low = tensor::convert(*constant, tensor::storage_of(found->second));
      constant = tensor::convert(low, tensor::DType::f32);
    }
  }
  return graph;
}

}  // namespace

TEST_CASE("an exported model compiles to the same graph with its precisions stored") {
  for (const char* name : {"models/cifar10_resnet20.onnx", "models/cifar10_mobilenet.onnx",
                           "models/mlperf_tiny_resnet8.onnx", "models/char_gpt.onnx",
                           "onnx/light/squeezenet/model.onnx", "onnx/light/shufflenet/model.onnx",
                           "onnx/light/densenet121/model.onnx"}) {
    CAPTURE(name);
    const auto path = shared_file(name);
    if (!path) return;
    const Model model(base::read_file(*path, base::limits::model_bytes), name);
    const Graph original = model.compiled();
    for (const int every : {1, 2}) {
      Precisions precisions;
      int count = 0;
      for (const Node& node : original.nodes) {
        if (graph::rounded_inputs(node.op_type).empty() || count++ % every != 0) continue;
        precisions.emplace(node.name, Precision::bf16);
      }
      const Model exported = model.exported(precisions);
      CHECK(graph_difference(exported.compiled(), stored(original, precisions)) == "");
    }
  }
}

namespace {

void check_round_trip(const Net& net, const Precisions& precisions) {
  const Model model(net);
  const Model exported = model.exported(precisions);
  CHECK(graph_difference(exported.compiled(), stored(model.compiled(), precisions)) == "");
}

std::string refusal(const Net& net, const Precisions& precisions, ErrorCode code) {
  try {
    Model(net).exported(precisions);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every operator that can be stored lower comes back so, beside any neighbour") {
  for (const Precision low : {Precision::bf16, Precision::fp16}) {
    Net net(17);
    net.input("x", tensor::DType::f32, {-1, 3, 6, 6});
    net.input("y", tensor::DType::f32, {-1, 4, 5});
    const std::string conv = net.add("Conv", {"x", net.noise({4, 3, 3, 3}), net.noise({4})});
    const std::string normal =
        net.add("BatchNormalization",
                {conv, net.noise({4}), net.noise({4}), net.noise({4}), net.noise({4}, 0.5F)});
    const std::string spread =
        net.add("ConvTranspose", {net.add("Relu", {normal}), net.noise({4, 2, 2, 2})});
    const std::string flat = net.add("Flatten", {net.add("Tanh", {spread})});
    const std::string dense = net.add("Gemm", {flat, net.noise({7, 50}), net.noise({7})},
                                      {{"transB", std::int64_t{1}}, {"alpha", 0.5F}});
    net.output(net.add("Softmax", {dense}));
    const std::string product = net.add("MatMul", {"y", net.noise({5, 6})});
    const std::string both = net.add(
        "MatMul",
        {product, net.add("Transpose", {product}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}})});
    net.output(net.add("Add", {both, both}));
    const std::vector<std::string> names{"Conv_0", "ConvTranspose_3", "Gemm_6", "MatMul_8",
                                         "MatMul_10"};
    for (unsigned choice = 0; choice < 32; ++choice) {
      CAPTURE(choice);
      Precisions precisions;
      for (unsigned i = 0; i < names.size(); ++i) {
        if ((choice >> i & 1) != 0) precisions.emplace(names[i], low);
      }
      check_round_trip(net, precisions);
    }
  }
}

TEST_CASE("an exported model keeps its names, its free extents and the stored weights") {
  Net net;
  net.input("x", tensor::DType::f32, {-1, 2, 3, 3});
  net.node("Conv", {"x", net.noise({2, 2, 1, 1})}, {"y"}, {}, "first");
  net.output("y");
  const Graph graph = Model(net).exported({{"first", Precision::bf16}}).imported();
  CHECK(graph.value(graph.inputs.at(0)).name == "x");
  CHECK(graph.value(graph.inputs[0]).symbols[0] == "N");
  CHECK(graph.value(graph.outputs.at(0)).name == "y");
  REQUIRE(graph.find_node("first") != nullptr);
  int stored_weights = 0;
  for (const graph::Value& value : graph.values) {
    stored_weights += value.constant && value.dtype == tensor::DType::bf16;
  }
  CHECK(stored_weights == 1);
}

TEST_CASE("an exported model computes what the original does with rounded operators") {
  Net net;
  net.input("x", tensor::DType::f32, {2, 3});
  net.node("Gemm", {"x", net.noise({3, 4}), net.noise({4})}, {"y"}, {}, "dense");
  net.output("y");
  const auto x = Net::noise_tensor({2, 3}, -1, 7);
  const auto exact = Interpreter::run(Model(net).imported(), {{"x", x}})[0];
  const auto rounded =
      Interpreter::run(Model(net).exported({{"dense", Precision::bf16}}).imported(), {{"x", x}})[0];
  float distance = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    distance = std::max(distance, std::abs(exact.values<float>()[i] - rounded.values<float>()[i]));
  }
  CHECK(distance > 0);
  CHECK(distance < 0.03F);  // three products and a sum, each rounded to 8 bits
}

TEST_CASE("an older opset is written at 13, and compiles to the same graph") {
  Net net(9);
  net.input("x", tensor::DType::f32, {2, 4, 6});
  const std::string clipped = net.add("Clip", {"x"}, {{"min", -0.5F}, {"max", 0.5F}});
  const std::string padded =
      net.add("Pad", {clipped}, {{"pads", std::vector<std::int64_t>{0, 0, 1, 0, 0, 1}}});
  const std::string pooled =
      net.add("ReduceMean", {padded}, {{"axes", std::vector<std::int64_t>{1}}});
  net.output(net.add("Softmax", {net.add("MatMul", {pooled, net.noise({8, 3})})}));
  check_round_trip(net, {{"MatMul_3", Precision::bf16}});
}

TEST_CASE("a newer opset is written at 17, and gives the same results") {
  Net net(21);
  net.input("x", tensor::DType::f32, {2, 4, 7});
  net.node("Split", {"x"}, {"left", "right"},
           {{"axis", std::int64_t{2}}, {"num_outputs", std::int64_t{2}}});
  const std::string padded = net.add("Pad", {"left", net.integers({1, 1}), "", net.integers({-1})});
  const std::string all =
      net.add("ReduceMax", {"right"}, {{"noop_with_empty_axes", std::int64_t{1}}});
  net.output(net.add("ReduceMean", {padded, net.integers({1})}));
  net.output(all);
  const Model model(net);
  const auto x = Net::noise_tensor({2, 4, 7}, -1, 7);
  const auto before = Interpreter::run(model.imported(), {{"x", x}});
  const auto after = Interpreter::run(model.exported({}).imported(), {{"x", x}});
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(before[i].shape() == after[i].shape());
    CHECK(std::ranges::equal(before[i].bytes(), after[i].bytes()));
  }
}

TEST_CASE("what cannot be exported is refused by name") {
  Net net(20);
  net.input("x", tensor::DType::f32, {2, 3});
  net.node("MatMul", {"x", net.noise({3, 4})}, {"a"}, {}, "product");
  net.node("Gelu", {"a"}, {"y"}, {}, "gelu");
  net.output("y");
  CHECK(refusal(net, {}, ErrorCode::unsupported) ==
        "the node gelu (Gelu) has no form at opset 17 or lower");
  CHECK(refusal(net, {{"absent", Precision::bf16}}, ErrorCode::not_found) ==
        "the model net has no operator absent");
  CHECK(refusal(net, {{"product", Precision::int8}}, ErrorCode::unsupported) ==
        "the node product (MatMul) cannot be exported in int8");
  CHECK(refusal(net, {{"gelu", Precision::bf16}}, ErrorCode::unsupported) ==
        "the node gelu (Gelu) cannot be exported in bf16");
}
