// TensorProto <-> Tensor. The proto is hostile: its data must be exactly as long as its dims say.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "graph/onnx_dtype.hpp"
#include "graph/onnx_external_data.hpp"
#include "tensor/tensor.hpp"

namespace ampd::graph {

/// Throws Error(invalid) for wrong sizes, Error(unsupported) for element types without a dtype.
/// `name` stands in the sentence.
tensor::Tensor tensor_from_onnx(const onnx::TensorProto& proto, const std::string& name,
                                ExternalData& external);

onnx::TensorProto onnx_from_tensor(const tensor::Tensor& value, const std::string& name);

}  // namespace ampd::graph
