// Reads an ONNX model into a Graph. The bytes are hostile: every index, size and reference is
// judged.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace ampd::graph {

/// `folder` is where external data may lie: files inside it only, no links out of it. Initializers
/// become constants; node names are made unique (an unnamed node gets "<OpType>_<index>").
/// Throws Error(invalid) for damaged bytes, Error(unsupported) for an opset outside 1 to 21.
Graph import_onnx(std::span<const std::byte> bytes, const std::filesystem::path& folder,
                  const std::string& model_name);

/// One TensorProto, as conformance cases store their inputs and outputs; `name` is the proto's.
struct NamedTensor {
  std::string name;
  tensor::Tensor value;
};
NamedTensor read_tensor_proto(std::span<const std::byte> bytes, const std::string& file_name);

}  // namespace ampd::graph
