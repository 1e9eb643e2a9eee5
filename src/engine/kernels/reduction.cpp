#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/strided.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Sums are kept in double for real numbers, in 64 bits that wrap for integers.
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;

struct Part {
  Shape extents;
  Shape strides;
};

/// The axes of an input split into those that are kept and those that are reduced.
struct Reduction {
  Part kept;
  Part gone;
};

Reduction split_axes(const Shape& shape, const std::vector<bool>& gone) {
  const Shape dense = tensor::row_major_strides(shape);
  Reduction result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    Part& part = gone[axis] ? result.gone : result.kept;
    part.extents.push_back(shape[axis]);
    part.strides.push_back(dense[axis]);
  }
  return result;
}

std::vector<bool> reduced_axes(KernelCall& call) {
  const std::size_t rank = call.input(0).shape().size();
  const std::vector<std::int64_t> axes = call.has(1) ? call.integers(1) : Shape();
  if (axes.empty()) {
    return std::vector<bool>(rank, call.attributes().integer("noop_with_empty_axes", 0) == 0);
  }
  std::vector<bool> gone(rank, false);
  for (const std::int64_t axis : axes) gone[call.axis(axis, rank)] = true;
  return gone;
}

/// Calls `visit(offset)` for each place, in row-major order.
template <class Visit>
void for_each_place(const StridedWalk<1>& walk, Visit&& visit) {
  walk.for_each_run([&](const auto& at, const auto& strides, std::int64_t extent) {
    for (std::int64_t i = 0; i < extent; ++i) visit(at[0] + i * strides[0]);
  });
}

/// `State` starts at its default, takes each element, and says the result for a count.
template <class T, template <class> class State>
void reduce(KernelCall& call) {
  const Reduction reduction = split_axes(call.input(0).shape(), reduced_axes(call));
  const StridedWalk<1> kept(reduction.kept.extents, {reduction.kept.strides});
  const StridedWalk<1> gone(reduction.gone.extents, {reduction.gone.strides});
  const std::int64_t count = tensor::element_count(reduction.gone.extents);
  const T* from = call.input(0).values<T>().data();
  T* to = call.output(0).mutable_values<T>().data();
  for_each_place(kept, [&](std::int64_t start) {
    State<T> state;
    for_each_place(gone, [&](std::int64_t offset) { state.take(from[start + offset]); });
    *to++ = static_cast<T>(state.result(count));
  });
}

template <class T>
struct Sum {
  Accumulator<T> sum = 0;
  void take(T x) { sum += static_cast<Accumulator<T>>(x); }
  T result(std::int64_t) const { return static_cast<T>(sum); }
};

template <class T>
struct Mean : Sum<T> {
  T result(std::int64_t count) const {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(this->sum / static_cast<double>(count));
    } else {
      const auto total = static_cast<std::int64_t>(this->sum);
      return count == 0 ? T{0} : static_cast<T>(total / count);
    }
  }
};

template <class T>
struct Product {
  Accumulator<T> product = 1;
  void take(T x) { product *= static_cast<Accumulator<T>>(x); }
  T result(std::int64_t) const { return static_cast<T>(product); }
};

template <class T>
struct Largest {
  T largest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                   : std::numeric_limits<T>::lowest();
  void take(T x) {
    if (x > largest || x != x) largest = x;
  }
  T result(std::int64_t) const { return largest; }
};

template <class T>
struct Smallest {
  T smallest = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                    : std::numeric_limits<T>::max();
  void take(T x) {
    if (x < smallest || x != x) smallest = x;
  }
  T result(std::int64_t) const { return smallest; }
};

template <class T>
struct SumOfAbsolutes : Sum<T> {
  void take(T x) {
    const auto wide = static_cast<Accumulator<T>>(x);
    this->sum += x < 0 ? Accumulator<T>{0} - wide : wide;
  }
};

template <class T>
struct SumOfSquares : Sum<T> {
  void take(T x) { this->sum += static_cast<Accumulator<T>>(x) * static_cast<Accumulator<T>>(x); }
};

template <class T>
struct RootOfSquares : SumOfSquares<T> {
  T result(std::int64_t) const { return static_cast<T>(std::sqrt(static_cast<double>(this->sum))); }
};

template <class T>
struct LogOfSum : Sum<T> {
  T result(std::int64_t) const {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(std::log(this->sum));
    return static_cast<T>(std::log(static_cast<double>(static_cast<std::int64_t>(this->sum))));
  }
};

/// Scaled by the largest element so far, so that no exponential overflows.
template <class T>
struct LogOfSumOfExponentials {
  double largest = -std::numeric_limits<double>::infinity();
  double sum = 0;
  void take(T x) {
    const auto value = static_cast<double>(x);
    if (value <= largest) {
      sum += std::isinf(value) && value == largest ? 1.0 : std::exp(value - largest);
    } else if (!std::isinf(value) || value > 0) {
      sum = sum * std::exp(largest - value) + 1;
      largest = value;
    }
    if (std::isnan(value)) sum = value;
  }
  T result(std::int64_t) const { return static_cast<T>(largest + std::log(sum)); }
};

template <template <class> class State>
bool run_reduce(KernelCall& call) {
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) { reduce<T, State>(call); });
}

/// Largest and smallest of bools are "any" and "all".
template <template <class> class State>
bool run_extreme(KernelCall& call) {
  if (call.input(0).dtype() == DType::boolean) {
    reduce<std::uint8_t, State>(call);
    for (std::uint8_t& any : call.output(0).mutable_values<std::uint8_t>()) any = any != 0;
    return true;
  }
  return run_reduce<State>(call);
}

/// A tensor seen as outer x extent x inner around one axis.
struct AxisView {
  std::int64_t outer;
  std::int64_t extent;
  std::int64_t inner;
};

AxisView view_axis(const Shape& shape, std::size_t axis) {
  AxisView view{1, shape[axis], 1};
  for (std::size_t i = 0; i < axis; ++i) view.outer *= shape[i];
  for (std::size_t i = axis + 1; i < shape.size(); ++i) view.inner *= shape[i];
  return view;
}

template <bool largest>
bool run_arg(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", 0), shape.size());
  const bool takes_last = call.attributes().integer("select_last_index", 0) != 0;
  const AxisView view = view_axis(shape, axis);
  if (view.extent == 0) call.fail("has no elements to choose from");
  const auto to = call.output(0).mutable_values<std::int64_t>();
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    for (std::int64_t k = 0; k < view.outer * view.inner; ++k) {
      const T* line = from + k / view.inner * view.extent * view.inner + k % view.inner;
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < view.extent; ++i) {
        const T value = line[i * view.inner];
        const T champion = line[best * view.inner];
        const bool better = largest ? value > champion : value < champion;
        if (better || (takes_last && value == champion)) best = i;
      }
      to[static_cast<std::size_t>(k)] = best;
    }
  });
}

bool run_cumulative_sum(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  if (shape.empty()) return false;
  const AxisView view = view_axis(shape, call.axis(call.integers(1).at(0), shape.size()));
  const bool exclusive = call.attributes().integer("exclusive", 0) != 0;
  const bool reverse = call.attributes().integer("reverse", 0) != 0;
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::int64_t k = 0; k < view.outer * view.inner; ++k) {
      const std::int64_t start = k / view.inner * view.extent * view.inner + k % view.inner;
      Accumulator<T> sum = 0;
      for (std::int64_t i = 0; i < view.extent; ++i) {
        const std::int64_t at = start + (reverse ? view.extent - 1 - i : i) * view.inner;
        if (exclusive) to[at] = static_cast<T>(sum);
        sum += static_cast<Accumulator<T>>(from[at]);
        if (!exclusive) to[at] = static_cast<T>(sum);
      }
    }
  });
}

/// A total order in which NaN is above everything.
template <class T>
bool is_above(T a, T b) {
  if (b != b) return false;
  return a != a || a > b;
}

template <class T>
void top_k(KernelCall& call, const AxisView& view, std::int64_t k, bool largest) {
  const T* from = call.input(0).values<T>().data();
  T* values = call.output(0).mutable_values<T>().data();
  std::int64_t* indices =
      call.has_output(1) ? call.output(1).mutable_values<std::int64_t>().data() : nullptr;
  std::vector<std::int64_t> order(static_cast<std::size_t>(view.extent));
  for (std::int64_t line = 0; line < view.outer * view.inner; ++line) {
    const std::int64_t outer = line / view.inner;
    const std::int64_t rest = line % view.inner;
    const T* start = from + outer * view.extent * view.inner + rest;
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(),
                      [&](std::int64_t a, std::int64_t b) {
                        const T left = start[a * view.inner];
                        const T right = start[b * view.inner];
                        if (is_above(left, right)) return largest;
                        if (is_above(right, left)) return !largest;
                        return a < b;
                      });
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t at = (outer * k + i) * view.inner + rest;
      values[at] = start[order[static_cast<std::size_t>(i)] * view.inner];
      if (indices != nullptr) indices[at] = order[static_cast<std::size_t>(i)];
    }
  }
}

bool run_top_k(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", -1), shape.size());
  const bool largest = call.attributes().integer("largest", 1) != 0;
  const std::int64_t k = call.output(0).shape()[axis];
  if (k > shape[axis]) call.fail("takes more than there is");
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) {
    top_k<T>(call, view_axis(shape, axis), k, largest);
  });
}

constexpr auto computes = Kernel::Kind::computes;

constexpr std::array kernels{
    Kernel{"ArgMax", computes, run_arg<true>},
    Kernel{"ArgMin", computes, run_arg<false>},
    Kernel{"CumSum", computes, run_cumulative_sum},
    Kernel{"ReduceL1", computes, run_reduce<SumOfAbsolutes>},
    Kernel{"ReduceL2", computes, run_reduce<RootOfSquares>},
    Kernel{"ReduceLogSum", computes, run_reduce<LogOfSum>},
    Kernel{"ReduceLogSumExp", computes, run_reduce<LogOfSumOfExponentials>},
    Kernel{"ReduceMax", computes, run_extreme<Largest>},
    Kernel{"ReduceMean", computes, run_reduce<Mean>},
    Kernel{"ReduceMin", computes, run_extreme<Smallest>},
    Kernel{"ReduceProd", computes, run_reduce<Product>},
    Kernel{"ReduceSum", computes, run_reduce<Sum>},
    Kernel{"ReduceSumSquare", computes, run_reduce<SumOfSquares>},
    Kernel{"TopK", computes, run_top_k},
};

}  // namespace

std::span<const Kernel> reduction_kernels() {
  return kernels;
}

}  // namespace ampd::engine
