#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

/// An index that may count from the end; fails outside of [-extent, extent).
std::int64_t checked_index(const KernelCall& call, std::int64_t index, std::int64_t extent) {
  if (index < -extent || index >= extent) {
    call.fail("has the index " + std::to_string(index) + " on an axis of " +
              std::to_string(extent));
  }
  return index < 0 ? index + extent : index;
}

std::int64_t product(const Shape& shape, std::size_t first, std::size_t last) {
  std::int64_t count = 1;
  for (std::size_t axis = first; axis < last; ++axis) count *= shape[axis];
  return count;
}

bool run_gather(KernelCall& call) {
  const Tensor& data = call.input(0);
  const Shape& shape = data.shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", 0), shape.size());
  const std::vector<std::int64_t> indices = call.integers(1);
  const std::int64_t outer = product(shape, 0, axis);
  const auto block = static_cast<std::size_t>(product(shape, axis + 1, shape.size()) *
                                              tensor::size_bytes(data.dtype()));
  std::byte* to = call.output(0).mutable_bytes().data();
  for (std::int64_t i = 0; i < outer; ++i) {
    for (const std::int64_t index : indices) {
      const std::int64_t row = i * shape[axis] + checked_index(call, index, shape[axis]);
      std::memcpy(to, data.bytes().data() + static_cast<std::size_t>(row) * block, block);
      to += block;
    }
  }
  return true;
}

/// Where element `i` of a tensor of `shape` lies in `strides`, but for `axis`.
std::int64_t offset_beside(std::int64_t i, const Shape& shape, const Shape& strides,
                           std::size_t axis) {
  std::int64_t offset = 0;
  for (std::size_t k = shape.size(); k-- > 0;) {
    if (k != axis) offset += i % shape[k] * strides[k];
    i /= shape[k];
  }
  return offset;
}

void check_within(const KernelCall& call, const Shape& part, const Shape& whole, std::size_t axis) {
  if (part.size() != whole.size()) call.fail("needs indices of the data's rank");
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (i != axis && part[i] > whole[i]) call.fail("has more indices than data");
  }
}

bool run_gather_elements(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape& picked = call.input(1).shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", 0), shape.size());
  check_within(call, picked, shape, axis);
  const Shape strides = tensor::row_major_strides(shape);
  const std::vector<std::int64_t> indices = call.integers(1);
  with_size(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::int64_t at = offset_beside(static_cast<std::int64_t>(i), picked, strides, axis) +
                              checked_index(call, indices[i], shape[axis]) * strides[axis];
      to[i] = from[at];
    }
  });
  return true;
}

/// The offset that one tuple of indices means, counted from axis `first`.
std::int64_t tuple_offset(const KernelCall& call, std::span<const std::int64_t> tuple,
                          const Shape& shape, const Shape& strides, std::size_t first) {
  std::int64_t offset = 0;
  for (std::size_t k = 0; k < tuple.size(); ++k) {
    offset += checked_index(call, tuple[k], shape[first + k]) * strides[first + k];
  }
  return offset;
}

bool run_gather_nd(KernelCall& call) {
  const Tensor& data = call.input(0);
  const Shape& shape = data.shape();
  const Shape strides = tensor::row_major_strides(shape);
  const auto batch_axes = static_cast<std::size_t>(call.attributes().integer("batch_dims", 0));
  const auto width = static_cast<std::size_t>(call.input(1).shape().back());
  const std::vector<std::int64_t> indices = call.integers(1);
  const std::int64_t batches = product(shape, 0, batch_axes);
  const std::int64_t block = product(shape, batch_axes + width, shape.size());
  const std::int64_t tuples = block == 0 ? 0 : call.output(0).size() / block;
  const auto bytes = static_cast<std::size_t>(block * tensor::size_bytes(data.dtype()));
  const std::int64_t batch_extent = product(shape, batch_axes, shape.size());
  std::byte* to = call.output(0).mutable_bytes().data();
  for (std::int64_t i = 0; i < tuples; ++i) {
    const std::span tuple(indices.data() + static_cast<std::size_t>(i) * width, width);
    const std::int64_t at = i / (tuples / batches) * batch_extent +
                            tuple_offset(call, tuple, shape, strides, batch_axes);
    std::memcpy(to, data.bytes().data() + at * tensor::size_bytes(data.dtype()), bytes);
    to += bytes;
  }
  return true;
}

enum class ScatterMode { none, add, mul, max, min };

ScatterMode scatter_mode(const KernelCall& call) {
  const std::string word = call.attributes().text("reduction", "none");
  if (word == "none") return ScatterMode::none;
  if (word == "add") return ScatterMode::add;
  if (word == "mul") return ScatterMode::mul;
  if (word == "max") return ScatterMode::max;
  if (word == "min") return ScatterMode::min;
  call.fail("has the reduction " + word);
}

template <class T>
T wrapped(std::uint64_t value) {
  return static_cast<T>(value);
}

template <class T>
T merged(ScatterMode mode, T old_value, T update) {
  switch (mode) {
    case ScatterMode::none:
      return update;
    case ScatterMode::add:
      if constexpr (std::is_floating_point_v<T>) return old_value + update;
      return wrapped<T>(static_cast<std::uint64_t>(old_value) + static_cast<std::uint64_t>(update));
    case ScatterMode::mul:
      if constexpr (std::is_floating_point_v<T>) return old_value * update;
      return wrapped<T>(static_cast<std::uint64_t>(old_value) * static_cast<std::uint64_t>(update));
    case ScatterMode::max:
      return std::max(old_value, update);
    case ScatterMode::min:
      return std::min(old_value, update);
  }
  return update;
}

/// Calls `scatter` with the element type: by size where nothing is computed.
template <class Scatter>
bool scatter_typed(const KernelCall& call, ScatterMode mode, Scatter&& scatter) {
  if (mode != ScatterMode::none) return with_number(call.input(0).dtype(), scatter);
  with_size(call.input(0).dtype(), scatter);
  return true;
}

bool run_scatter_elements(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape& picked = call.input(1).shape();
  const std::size_t axis = call.axis(call.attributes().integer("axis", 0), shape.size());
  check_within(call, picked, shape, axis);
  if (call.input(2).shape() != picked) call.fail("needs an update per index");
  const Shape strides = tensor::row_major_strides(shape);
  const std::vector<std::int64_t> indices = call.integers(1);
  const ScatterMode mode = scatter_mode(call);
  return scatter_typed(call, mode, [&]<class T>(Element<T>) {
    const auto to = call.output(0).mutable_values<T>();
    std::ranges::copy(call.input(0).values<T>(), to.begin());
    const auto updates = call.input(2).values<T>();
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::int64_t at = offset_beside(static_cast<std::int64_t>(i), picked, strides, axis) +
                              checked_index(call, indices[i], shape[axis]) * strides[axis];
      T& target = to[static_cast<std::size_t>(at)];
      target = merged(mode, target, updates[i]);
    }
  });
}

bool run_scatter_nd(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape& index_shape = call.input(1).shape();
  if (index_shape.empty() || index_shape.back() < 0 || index_shape.back() > std::ssize(shape)) {
    call.fail("indexes more axes than the data has");
  }
  const Shape strides = tensor::row_major_strides(shape);
  const auto width = static_cast<std::size_t>(index_shape.back());
  const std::vector<std::int64_t> indices = call.integers(1);
  const auto block = static_cast<std::size_t>(product(shape, width, shape.size()));
  const auto tuples = static_cast<std::size_t>(product(index_shape, 0, index_shape.size() - 1));
  if (call.input(2).size() != static_cast<std::int64_t>(tuples * block)) {
    call.fail("has updates that do not fit its indices");
  }
  const ScatterMode mode = scatter_mode(call);
  return scatter_typed(call, mode, [&]<class T>(Element<T>) {
    const auto to = call.output(0).mutable_values<T>();
    std::ranges::copy(call.input(0).values<T>(), to.begin());
    const auto updates = call.input(2).values<T>();
    for (std::size_t i = 0; i < tuples; ++i) {
      const std::span tuple(indices.data() + i * width, width);
      const auto at = static_cast<std::size_t>(tuple_offset(call, tuple, shape, strides, 0));
      for (std::size_t k = 0; k < block; ++k) {
        to[at + k] = merged(mode, to[at + k], updates[i * block + k]);
      }
    }
  });
}

bool run_reverse_sequence(KernelCall& call) {
  const Tensor& input = call.input(0);
  const Shape& shape = input.shape();
  const std::size_t batch_axis =
      call.axis(call.attributes().integer("batch_axis", 1), shape.size());
  const std::size_t time_axis = call.axis(call.attributes().integer("time_axis", 0), shape.size());
  if (batch_axis + time_axis != 1) call.fail("needs its batch and time as the first two axes");
  const std::vector<std::int64_t> lengths = call.integers(1);
  if (std::ssize(lengths) != shape[batch_axis]) call.fail("needs a length per batch");
  const auto block =
      static_cast<std::size_t>(product(shape, 2, shape.size()) * tensor::size_bytes(input.dtype()));
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    for (std::int64_t k = 0; k < shape[1]; ++k) {
      const std::int64_t time = time_axis == 0 ? i : k;
      const std::int64_t length = lengths[static_cast<std::size_t>(time_axis == 0 ? k : i)];
      if (length < 0 || length > shape[time_axis]) call.fail("has an impossible length");
      const std::int64_t source = time < length ? length - 1 - time : time;
      const std::int64_t from = time_axis == 0 ? source * shape[1] + k : i * shape[1] + source;
      std::memcpy(call.output(0).mutable_bytes().data() +
                      static_cast<std::size_t>(i * shape[1] + k) * block,
                  input.bytes().data() + static_cast<std::size_t>(from) * block, block);
    }
  }
  return true;
}

constexpr auto moves = Kernel::Kind::moves;

constexpr std::array kernels{
    Kernel{"Gather", moves, run_gather},
    Kernel{"GatherElements", moves, run_gather_elements},
    Kernel{"GatherND", moves, run_gather_nd},
    Kernel{"ReverseSequence", moves, run_reverse_sequence},
    Kernel{"ScatterElements", Kernel::Kind::computes, run_scatter_elements},
    Kernel{"ScatterND", Kernel::Kind::computes, run_scatter_nd},
};

}  // namespace

std::span<const Kernel> indexing_kernels() {
  return kernels;
}

}  // namespace ampd::engine
