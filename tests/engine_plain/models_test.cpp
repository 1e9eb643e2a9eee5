#include <doctest/doctest.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "engine/plain.hpp"
#include "graph/onnx_import.hpp"
#include "graph/passes.hpp"
#include "graph/shape_inference.hpp"
#include "shared_folder.hpp"

using namespace ampd;
using graph::Graph;
using graph::Node;

namespace {

Graph load(const std::filesystem::path& path) {
  const auto bytes = base::read_file(path, base::limits::model_bytes);
  return graph::import_onnx(bytes, path.parent_path(), path.filename().string());
}

std::ptrdiff_t count(const Graph& graph, const std::string& op_type) {
  return std::ranges::count_if(graph.nodes,
                               [&](const Node& node) { return node.op_type == op_type; });
}

struct Expectation {
  const char* model;
  int nodes;
  int convolutions;
  int normalizations;
};

}  // namespace

TEST_CASE("the passes leave of real networks what the engine has to run") {
  for (const Expectation& expected : {
           Expectation{"models/cifar10_resnet20.onnx", 24, 21, 0},
           Expectation{"models/cifar10_mobilenet.onnx", 20, 17, 0},
           Expectation{"models/mlperf_tiny_resnet8.onnx", 13, 9, 0},
           Expectation{"models/char_gpt.onnx", 58, 0, 0},
           Expectation{"onnx/light/bvlc_alexnet/model.onnx", 15, 5, 0},
           Expectation{"onnx/light/densenet121/model.onnx", 246, 121, 62},
           Expectation{"onnx/light/inception_v1/model.onnx", 85, 57, 0},
           Expectation{"onnx/light/inception_v2/model.onnx", 95, 69, 0},
           Expectation{"onnx/light/resnet50/model.onnx", 58, 53, 0},
           Expectation{"onnx/light/shufflenet/model.onnx", 111, 49, 0},
           Expectation{"onnx/light/squeezenet/model.onnx", 39, 26, 0},
           Expectation{"onnx/light/vgg19/model.onnx", 26, 16, 0},
           Expectation{"onnx/light/zfnet512/model.onnx", 15, 5, 0},
       }) {
    CAPTURE(expected.model);
    const auto path = shared_file(expected.model);
    if (!path) return;
    const Graph model = load(*path);
    CHECK(graph::unknown_ops(model).empty());
    const Graph result = graph::specialise(model, {}, engine::evaluate_plain);
    CHECK(std::ssize(result.nodes) == expected.nodes);
    CHECK(count(result, "Conv") == expected.convolutions);
    CHECK(count(result, "BatchNormalization") == expected.normalizations);
    for (const Node& node : result.nodes) {
      if (node.op_type == "Conv") CHECK(model.find_node(node.name)->op_type == "Conv");
    }
  }
}
