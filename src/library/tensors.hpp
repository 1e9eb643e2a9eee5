// Tensors between the program's side and the engine's.
#pragma once

#include <string>

#include "ampd/tensor.hpp"
#include "graph/graph.hpp"
#include "tensor/tensor.hpp"

namespace ampd::library {

/// A tensor of the value's type; a 16-bit float comes as float. Throws Error(invalid) naming the
/// value when type or number of elements is wrong.
tensor::Tensor to_engine(const Tensor& given, const graph::Value& value);

/// A tensor of its own type.
tensor::Tensor to_engine(const Tensor& given, const std::string& name);

/// 16-bit floats become float.
Tensor from_engine(const tensor::Tensor& computed);

}  // namespace ampd::library
