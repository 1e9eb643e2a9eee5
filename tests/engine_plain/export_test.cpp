#include <doctest/doctest.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "engine/plain.hpp"
#include "graph/onnx_export.hpp"
#include "graph/onnx_import.hpp"
#include "graph/passes.hpp"
#include "graph/rounded_inputs.hpp"
#include "same_graph.hpp"
#include "shared_folder.hpp"

using namespace ampd;
using graph::Graph;
using graph::Node;
using Precisions = std::map<std::string, Precision>;

namespace {

class Model {
 public:
  Model(std::vector<std::byte> bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  Graph compiled() const {
    return graph::specialise(graph::import_onnx(bytes_, {}, name_), {}, engine::evaluate_plain);
  }
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
