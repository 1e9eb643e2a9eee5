#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/products.hpp"
#include "engine/kernels/strided.hpp"
#include "graph/einsum.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;

/// Products are summed in double, or in integers that wrap.
template <class T>
void multiply(const T* a, const T* b, T* c, std::int64_t rows, std::int64_t inner,
              std::int64_t columns) {
  std::vector<Accumulator<T>> sums(static_cast<std::size_t>(columns));
  for (std::int64_t row = 0; row < rows; ++row) {
    std::ranges::fill(sums, Accumulator<T>{0});
    for (std::int64_t k = 0; k < inner; ++k) {
      const auto factor = static_cast<Accumulator<T>>(a[row * inner + k]);
      const T* line = b + k * columns;
      for (std::size_t column = 0; column < sums.size(); ++column) {
        sums[column] += factor * static_cast<Accumulator<T>>(line[column]);
      }
    }
    for (std::size_t column = 0; column < sums.size(); ++column) {
      c[row * columns + static_cast<std::int64_t>(column)] = static_cast<T>(sums[column]);
    }
  }
}

/// Strides of the batch axes alone, counted in elements; the last two axes hold a matrix.
Shape batch_strides(const Shape& shape, const Shape& batch) {
  const Shape own(shape.begin(), shape.end() - 2);
  Shape strides = broadcast_strides(own, batch);
  for (std::int64_t& stride : strides) stride *= shape[shape.size() - 2] * shape.back();
  return strides;
}

template <class T>
void multiply_batches(const Tensor& left, const Tensor& right, Tensor& result) {
  Shape a = left.shape();
  Shape b = right.shape();
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  const Shape batch =
      tensor::broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  const std::int64_t rows = a[a.size() - 2];
  const std::int64_t inner = a.back();
  const std::int64_t columns = b.back();
  T* to = result.mutable_values<T>().data();
  const StridedWalk<2> walk(batch, {batch_strides(a, batch), batch_strides(b, batch)});
  walk.for_each_run([&](const auto& at, const auto& strides, std::int64_t extent) {
    for (std::int64_t i = 0; i < extent; ++i) {
      multiply(left.values<T>().data() + at[0] + i * strides[0],
               right.values<T>().data() + at[1] + i * strides[1], to, rows, inner, columns);
      to += rows * columns;
    }
  });
}

}  // namespace

bool run_matmul(KernelCall& call) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    multiply_batches<T>(call.input(0), call.input(1), call.output(0));
  });
}

namespace {

/// The matrix itself or, if the flag is set, its transpose.
template <class T>
Tensor oriented(const Tensor& matrix, bool transposed) {
  if (!transposed) return matrix;
  const Shape& shape = matrix.shape();
  Tensor result(matrix.dtype(), {shape[1], shape[0]});
  copy_strided<T>(matrix.values<T>().data(), {1, shape[1]}, result.mutable_values<T>().data(),
                  {shape[0], 1}, result.shape());
  return result;
}

template <class T>
void gemm(KernelCall& call) {
  const graph::Attributes& attributes = call.attributes();
  const Tensor a = oriented<T>(call.input(0), attributes.integer("transA", 0) != 0);
  const Tensor b = oriented<T>(call.input(1), attributes.integer("transB", 0) != 0);
  Tensor& result = call.output(0);
  multiply_batches<T>(a, b, result);
  const auto alpha = static_cast<double>(attributes.real("alpha", 1));
  const auto beta = static_cast<double>(attributes.real("beta", 1));
  const Tensor* addend = call.optional_input(2);
  const Shape strides =
      addend != nullptr ? broadcast_strides(addend->shape(), result.shape()) : Shape{0, 0};
  T* to = result.mutable_values<T>().data();
  for (std::int64_t row = 0; row < result.shape()[0]; ++row) {
    for (std::int64_t column = 0; column < result.shape()[1]; ++column, ++to) {
      double value = alpha * static_cast<double>(*to);
      if (addend != nullptr) {
        value += beta * static_cast<double>(addend->values<T>()[static_cast<std::size_t>(
                            row * strides[0] + column * strides[1])]);
      }
      *to = static_cast<T>(value);
    }
  }
}

bool run_gemm(KernelCall& call) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) { gemm<T>(call); });
}

/// Strides of one operand along every label; 0 where it lacks the label or broadcasts.
Shape label_strides(const Shape& shape, const std::vector<std::size_t>& labels,
                    std::size_t label_count) {
  const Shape dense = tensor::row_major_strides(shape);
  Shape strides(label_count, 0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != 1) strides[labels[axis]] += dense[axis];
  }
  return strides;
}

/// Sums products over all labels, the last input's innermost; one pass per element of the result.
template <class T>
void contract(KernelCall& call, const graph::Einsum& einsum, const Shape& extents) {
  std::vector<std::size_t> order = einsum.output;
  for (std::size_t label = 0; label < einsum.label_count; ++label) {
    const bool is_free = std::ranges::find(order, label) == order.end();
    if (is_free && extents[label] != 1) order.push_back(label);
  }
  std::vector<Shape> strides;
  for (std::size_t i = 0; i < call.input_count(); ++i) {
    strides.push_back(label_strides(call.input(i).shape(), einsum.inputs[i], einsum.label_count));
  }
  Shape space;
  for (const std::size_t label : order) space.push_back(extents[label]);
  const std::int64_t places = tensor::element_count(space);
  const std::int64_t results = call.output(0).size();
  T* to = call.output(0).mutable_values<T>().data();
  std::vector<std::int64_t> offsets(call.input_count(), 0);
  Shape position(order.size(), 0);
  Accumulator<T> sum = 0;
  for (std::int64_t place = 0; place < places; ++place) {
    Accumulator<T> term = 1;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      term *= static_cast<Accumulator<T>>(
          call.input(i).values<T>()[static_cast<std::size_t>(offsets[i])]);
    }
    sum += term;
    if ((place + 1) % (places / results) == 0) {
      *to++ = static_cast<T>(sum);
      sum = 0;
    }
    for (std::size_t axis = order.size(); axis-- > 0;) {
      const bool wraps = ++position[axis] == space[axis];
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        const std::int64_t stride = strides[i][order[axis]];
        offsets[i] += wraps ? -stride * (space[axis] - 1) : stride;
      }
      if (!wraps) break;
      position[axis] = 0;
    }
  }
}

bool run_einsum(KernelCall& call) {
  std::vector<std::size_t> ranks;
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < call.input_count(); ++i) {
    shapes.push_back(call.input(i).shape());
    ranks.push_back(shapes.back().size());
  }
  const graph::Einsum einsum = graph::parse_einsum(call.node(), ranks);
  const Shape extents = graph::einsum_extents(call.node(), einsum, shapes);
  if (call.output(0).size() == 0) return true;
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    if (tensor::element_count(extents) != 0) contract<T>(call, einsum, extents);
  });
}

/// By elimination with the largest pivot of each column.
double determinant(std::vector<double> m, std::size_t n) {
  double result = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (std::abs(m[row * n + column]) > std::abs(m[pivot * n + column])) pivot = row;
    }
    if (m[pivot * n + column] == 0) return 0;
    if (pivot != column) {
      result = -result;
      for (std::size_t k = 0; k < n; ++k) std::swap(m[pivot * n + k], m[column * n + k]);
    }
    result *= m[column * n + column];
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = m[row * n + column] / m[column * n + column];
      for (std::size_t k = column; k < n; ++k) m[row * n + k] -= factor * m[column * n + k];
    }
  }
  return result;
}

bool run_determinant(KernelCall& call) {
  const auto n = static_cast<std::size_t>(call.input(0).shape().back());
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    for (T& result : call.output(0).mutable_values<T>()) {
      result = static_cast<T>(determinant({from, from + n * n}, n));
      from += n * n;
    }
  });
}

constexpr std::array kernels{
    Kernel{"Det", Kernel::Kind::computes, run_determinant},
    Kernel{"Einsum", Kernel::Kind::computes, run_einsum},
    Kernel{"Gemm", Kernel::Kind::computes, run_gemm},
    Kernel{"MatMul", Kernel::Kind::computes, run_matmul},
};

}  // namespace

std::span<const Kernel> matrix_kernels() {
  return kernels;
}

}  // namespace ampd::engine
