// Operators that ampd leaves out on purpose, with the reason.
#pragma once

#include <string_view>

namespace ampd::graph {

/// What the operator does that ampd does not: "draws random numbers". Empty for others. `op_type`
/// stands behind its domain, if that is not ai.onnx ("ai.onnx.preview.training.Adam").
std::string_view reason_out_of_scope(std::string_view op_type);

}  // namespace ampd::graph
