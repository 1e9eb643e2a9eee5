#include <algorithm>
#include <array>
#include <cstring>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "graph/constant_node.hpp"

namespace ampd::engine {
namespace {

using tensor::Tensor;

bool run_constant(KernelCall& call) {
  std::optional<Tensor> value = graph::constant_tensor(call.node());
  if (!value) return false;
  call.set_output(0, std::move(*value));
  return true;
}

bool run_constant_of_shape(KernelCall& call) {
  const Tensor* value = call.attributes().tensor("value");
  if (value == nullptr) return true;  // zeros, as allocated
  with_size(value->dtype(), [&]<class T>(Element<T>) {
    std::ranges::fill(call.output(0).mutable_values<T>(), value->values<T>()[0]);
  });
  return true;
}

bool run_range(KernelCall& call) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T start = call.input(0).values<T>()[0];
    const T step = call.input(2).values<T>()[0];
    const auto result = call.output(0).mutable_values<T>();
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<T>(start + static_cast<T>(i) * step);
    }
  });
}

bool run_eye_like(KernelCall& call) {
  Tensor& result = call.output(0);
  const std::int64_t rows = result.shape()[0];
  const std::int64_t columns = result.shape()[1];
  const std::int64_t diagonal = call.attributes().integer("k", 0);
  const Tensor one = tensor::convert(Tensor::of<float>({1}, {1}), result.dtype());
  with_size(result.dtype(), [&]<class T>(Element<T>) {
    for (std::int64_t row = 0; row < rows; ++row) {
      if (diagonal >= columns || diagonal <= -rows) return;
      const std::int64_t column = row + diagonal;
      if (column < 0 || column >= columns) continue;
      result.mutable_values<T>()[static_cast<std::size_t>(row * columns + column)] =
          one.values<T>()[0];
    }
  });
  return true;
}

bool run_one_hot(KernelCall& call) {
  const Tensor& indices = call.input(0);
  const Tensor& values = call.input(2);
  if (values.size() != 2) call.fail("needs two values, off and on");
  Tensor& result = call.output(0);
  const std::size_t axis =
      call.axis(call.attributes().integer("axis", -1), indices.shape().size() + 1);
  const std::int64_t depth = result.shape()[axis];
  const std::int64_t inner = tensor::row_major_strides(result.shape())[axis];
  const Tensor positions = tensor::convert(indices, tensor::DType::i64);
  with_size(values.dtype(), [&]<class T>(Element<T>) {
    const auto to = result.mutable_values<T>();
    std::ranges::fill(to, values.values<T>()[0]);
    const auto from = positions.values<std::int64_t>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::int64_t position = from[i] < 0 ? from[i] + depth : from[i];
      if (position < 0 || position >= depth) continue;
      const auto outer = static_cast<std::int64_t>(i) / inner;
      const auto rest = static_cast<std::int64_t>(i) % inner;
      to[static_cast<std::size_t>((outer * depth + position) * inner + rest)] =
          values.values<T>()[1];
    }
  });
  return true;
}

bool run_shape(KernelCall& call) {
  const tensor::Shape& shape = call.input(0).shape();
  const auto result = call.output(0).mutable_values<std::int64_t>();
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t start = call.attributes().integer("start", 0);
  start = std::clamp<std::int64_t>(start < 0 ? start + rank : start, 0, rank);
  std::copy_n(shape.begin() + start, result.size(), result.begin());
  return true;
}

bool run_size(KernelCall& call) {
  call.output(0).mutable_values<std::int64_t>()[0] = call.input(0).size();
  return true;
}

constexpr std::array kernels{
    Kernel{"Constant", Kernel::Kind::moves, run_constant},
    Kernel{"ConstantOfShape", Kernel::Kind::moves, run_constant_of_shape},
    Kernel{"EyeLike", Kernel::Kind::moves, run_eye_like},
    Kernel{"OneHot", Kernel::Kind::moves, run_one_hot},
    Kernel{"Range", Kernel::Kind::computes, run_range},
    Kernel{"Shape", Kernel::Kind::moves, run_shape},
    Kernel{"Size", Kernel::Kind::moves, run_size},
};

}  // namespace

std::span<const Kernel> creation_kernels() {
  return kernels;
}

}  // namespace ampd::engine
