// Any bytes as an ONNX model: read, then specialised as far as that needs no kernels.
#include <span>

#include "ampd/error.hpp"
#include "graph/onnx_import.hpp"
#include "graph/passes.hpp"
#include "target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ampd;
  const auto bytes = std::as_bytes(std::span(data, size));
  const graph::NodeEvaluator no_kernels = [](const graph::Graph&, const graph::Node&,
                                             std::span<const tensor::Tensor* const>) {
    return std::optional<std::vector<tensor::Tensor>>();
  };
  try {
    const graph::Graph graph = graph::import_onnx(bytes, "/nowhere", "fuzz.onnx");
    graph::specialise(graph, {}, no_kernels);
  } catch (const Error&) {
    return 0;
  }
  return 0;
}
