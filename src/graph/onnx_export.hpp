// Writes a model with a tune config applied, as an ONNX file that other runtimes accept too.
//
// Where the operator's schema at opset 17 or lower allows bfloat16 (MatMul, Gemm, Add ...) it runs
// in it; elsewhere (Conv, pools, recurrent ops) the fp32 operator stands between Cast pairs, with
// its weights stored as bfloat16 behind a Cast. `import_onnx` with the pass "cast_pairs" reads that
// form back as the same graph with `stored_precision` set.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ampd/precision.hpp"
#include "graph/passes.hpp"

namespace ampd::graph {

/// `precisions` names operators by their graph names; unnamed ones stay fp32. The bytes are those
/// of the original file. Constants are folded (by `evaluate`) and channel scales merged into the
/// weights before these are rounded, for that is what ran. The result passes ONNX's full check.
/// Throws Error: not_found for an unknown operator, unsupported for what cannot be written at opset
/// 17 or lower, exhausted beyond 2 GiB.
std::vector<std::byte> export_onnx(std::span<const std::byte> bytes,
                                   const std::filesystem::path& folder,
                                   const std::string& model_name,
                                   const std::map<std::string, Precision>& precisions,
                                   const NodeEvaluator& evaluate);

}  // namespace ampd::graph
