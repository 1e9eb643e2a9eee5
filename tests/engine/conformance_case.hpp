// A conformance case of ONNX: a folder with a model, its inputs and the outputs expected of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "graph/onnx_import.hpp"
#include "graph/passes.hpp"
#include "graph_builder.hpp"

namespace ampd::engine::testing {

struct ConformanceCase {
  Graph graph;
  Tensors inputs;
  std::vector<Tensor> outputs;
};

/// The suite stores bfloat16 as the bits in uint16.
inline Tensor typed(const Tensor& stored, DType dtype) {
  if (stored.dtype() != DType::u16 || dtype != DType::bf16) return stored;
  Tensor result(dtype, stored.shape());
  std::ranges::copy(stored.bytes(), result.mutable_bytes().begin());
  return result;
}

inline Tensor read_tensor(const std::filesystem::path& folder, const std::string& kind,
                          std::size_t index, DType dtype) {
  const auto path = folder / (kind + "_" + std::to_string(index) + ".pb");
  const auto bytes = base::read_file(path, base::limits::model_bytes);
  return typed(graph::read_tensor_proto(bytes, path.string()).value, dtype);
}

inline ConformanceCase read_case(const std::filesystem::path& folder) {
  ConformanceCase result;
  Graph graph =
      graph::import_onnx(base::read_file(folder / "model.onnx", base::limits::model_bytes), folder,
                         folder.filename().string());
  if (!graph::unknown_ops(graph).empty()) throw Error(ErrorCode::unsupported, "unknown operators");
  const auto data = folder / "test_data_set_0";
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    graph::Value& value = graph.value(graph.inputs[i]);
    const Tensor tensor = read_tensor(data, "input", i, value.dtype);
    value.shape = tensor.shape();  // some cases declare another shape than they use
    result.inputs.emplace(value.name, tensor);
  }
  result.graph = graph::specialise(graph, {}, evaluate_plain);
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const DType dtype = result.graph.value(result.graph.outputs[i]).dtype;
    result.outputs.push_back(read_tensor(data, "output", i, dtype));
  }
  return result;
}

}  // namespace ampd::engine::testing
