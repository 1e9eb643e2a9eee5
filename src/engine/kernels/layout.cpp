#include <algorithm>
#include <array>
#include <cstring>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"
#include "engine/kernels/strided.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;
using tensor::Tensor;

bool run_reshape(KernelCall& call) {
  const Shape shape = call.output(0).shape();
  if (tensor::element_count(shape) != call.input(0).size()) call.fail("changes the element count");
  call.set_output(0, call.input(0).reshaped(shape));
  return true;
}

bool run_dropout(KernelCall& call) {
  if (call.has_output(1)) {
    std::ranges::fill(call.output(1).mutable_values<std::uint8_t>(), std::uint8_t{1});
  }
  return run_reshape(call);
}

bool run_transpose(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.output(0);
  const Shape dense = tensor::row_major_strides(input.shape());
  Shape strides(dense.rbegin(), dense.rend());
  const std::vector<std::int64_t> order = call.attributes().integers("perm");
  for (std::size_t axis = 0; axis < order.size(); ++axis) {
    strides[axis] = dense[call.axis(order[axis], dense.size())];
  }
  with_size(input.dtype(), [&]<class T>(Element<T>) {
    copy_strided(input.values<T>().data(), strides, output.mutable_values<T>().data(),
                 tensor::row_major_strides(output.shape()), output.shape());
  });
  return true;
}

bool run_expand(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.output(0);
  const Shape strides = broadcast_strides(input.shape(), output.shape());
  with_size(input.dtype(), [&]<class T>(Element<T>) {
    copy_strided(input.values<T>().data(), strides, output.mutable_values<T>().data(),
                 tensor::row_major_strides(output.shape()), output.shape());
  });
  return true;
}

/// Extent of one element along `axis`, with all that lies inside it, in bytes.
std::size_t inner_bytes(const Tensor& value, std::size_t axis) {
  std::int64_t bytes = tensor::size_bytes(value.dtype());
  for (std::size_t i = axis + 1; i < value.shape().size(); ++i) bytes *= value.shape()[i];
  return static_cast<std::size_t>(bytes);
}

bool run_concat(KernelCall& call) {
  Tensor& output = call.output(0);
  const std::size_t axis = call.axis(call.attributes().integer("axis", 0), output.shape().size());
  const std::size_t row =
      inner_bytes(output, axis) * static_cast<std::size_t>(output.shape()[axis]);
  std::size_t offset = 0;
  for (std::size_t i = 0; i < call.input_count(); ++i) {
    const Tensor& input = call.input(i);
    const std::size_t part =
        inner_bytes(input, axis) * static_cast<std::size_t>(input.shape().at(axis));
    const std::size_t rows = part == 0 ? 0 : input.bytes().size() / part;
    for (std::size_t k = 0; k < rows; ++k) {
      std::memcpy(output.mutable_bytes().data() + k * row + offset, input.bytes().data() + k * part,
                  part);
    }
    offset += part;
  }
  return true;
}

bool run_split(KernelCall& call) {
  const Tensor& input = call.input(0);
  const std::size_t axis = call.axis(call.attributes().integer("axis", 0), input.shape().size());
  const std::size_t row = inner_bytes(input, axis) * static_cast<std::size_t>(input.shape()[axis]);
  std::size_t offset = 0;
  for (std::size_t i = 0; i < call.output_count(); ++i) {
    if (!call.has_output(i)) call.fail("leaves out an output");
    Tensor& output = call.output(i);
    const std::size_t part =
        inner_bytes(output, axis) * static_cast<std::size_t>(output.shape()[axis]);
    const std::size_t rows = part == 0 ? 0 : output.bytes().size() / part;
    for (std::size_t k = 0; k < rows; ++k) {
      std::memcpy(output.mutable_bytes().data() + k * part, input.bytes().data() + k * row + offset,
                  part);
    }
    offset += part;
  }
  return true;
}

bool run_slice(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.output(0);
  const std::vector<std::int64_t> starts = call.integers(1);
  const Shape dense = tensor::row_major_strides(input.shape());
  Shape strides = dense;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = call.has(3) ? call.axis(call.integers(3).at(i), dense.size()) : i;
    const std::int64_t step = call.has(4) ? call.integers(4).at(i) : 1;
    const std::int64_t extent = input.shape()[axis];
    if (output.shape()[axis] == 0) return true;
    std::int64_t start = starts[i] < 0 ? starts[i] + extent : starts[i];
    start = std::clamp<std::int64_t>(start, 0, extent - 1);
    offset += start * dense[axis];
    strides[axis] = output.shape()[axis] == 1 ? 0 : dense[axis] * step;
  }
  with_size(input.dtype(), [&]<class T>(Element<T>) {
    copy_strided(input.values<T>().data() + offset, strides, output.mutable_values<T>().data(),
                 tensor::row_major_strides(output.shape()), output.shape());
  });
  return true;
}

/// Copies element by element; `sources[axis][i]` says which input index output index `i` takes.
void copy_indexed(const Tensor& input, const std::vector<std::vector<std::int64_t>>& sources,
                  Tensor& output) {
  const Shape dense = tensor::row_major_strides(input.shape());
  std::vector<std::size_t> position(sources.size(), 0);
  with_size(input.dtype(), [&]<class T>(Element<T>) {
    for (T& target : output.mutable_values<T>()) {
      std::int64_t offset = 0;
      for (std::size_t axis = 0; axis < sources.size(); ++axis) {
        offset += sources[axis][position[axis]] * dense[axis];
      }
      target = input.values<T>()[static_cast<std::size_t>(offset)];
      for (std::size_t axis = sources.size(); axis-- > 0;) {
        if (++position[axis] < sources[axis].size()) break;
        position[axis] = 0;
      }
    }
  });
}

bool run_tile(KernelCall& call) {
  const Shape& extents = call.input(0).shape();
  std::vector<std::vector<std::int64_t>> sources(extents.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    for (std::int64_t i = 0; i < call.output(0).shape()[axis]; ++i) {
      sources[axis].push_back(i % extents[axis]);
    }
  }
  copy_indexed(call.input(0), sources, call.output(0));
  return true;
}

/// Pads before and after each axis.
struct Pads {
  Shape begin;
  Shape end;
};

Pads read_pads(const KernelCall& call) {
  const std::size_t rank = call.input(0).shape().size();
  const std::vector<std::int64_t> list = call.integers(1);
  const std::vector<std::int64_t> axes = call.has(3) ? call.integers(3) : Shape();
  const std::size_t count = call.has(3) ? axes.size() : rank;
  Pads pads{Shape(rank, 0), Shape(rank, 0)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = call.has(3) ? call.axis(axes[i], rank) : i;
    pads.begin[axis] += list.at(i);
    pads.end[axis] += list.at(i + count);
  }
  return pads;
}

void pad_constant(KernelCall& call, const Pads& pads, const Tensor* value) {
  const Tensor& input = call.input(0);
  Tensor& output = call.output(0);
  const Shape from_strides = tensor::row_major_strides(input.shape());
  const Shape to_strides = tensor::row_major_strides(output.shape());
  Shape kept = input.shape();
  std::int64_t from_offset = 0;
  std::int64_t to_offset = 0;
  for (std::size_t axis = 0; axis < kept.size(); ++axis) {
    kept[axis] +=
        std::min<std::int64_t>(pads.begin[axis], 0) + std::min<std::int64_t>(pads.end[axis], 0);
    if (kept[axis] <= 0) kept[axis] = 0;
    from_offset += std::max<std::int64_t>(-pads.begin[axis], 0) * from_strides[axis];
    to_offset += std::max<std::int64_t>(pads.begin[axis], 0) * to_strides[axis];
  }
  if (value != nullptr && value->size() != 1) call.fail("needs one number to pad with");
  with_size(input.dtype(), [&]<class T>(Element<T>) {
    if (value != nullptr) std::ranges::fill(output.mutable_values<T>(), value->values<T>()[0]);
    if (tensor::element_count(kept) == 0) return;
    copy_strided(input.values<T>().data() + from_offset, from_strides,
                 output.mutable_values<T>().data() + to_offset, to_strides, kept);
  });
}

/// The input index that stands at `position` outside of [0, extent).
std::int64_t pad_source(const std::string& mode, std::int64_t position, std::int64_t extent) {
  if (mode == "edge" || extent == 1) return std::clamp<std::int64_t>(position, 0, extent - 1);
  const std::int64_t period = mode == "wrap" ? extent : 2 * (extent - 1);
  const std::int64_t rest = (position % period + period) % period;
  return rest < extent ? rest : period - rest;
}

bool run_pad(KernelCall& call) {
  const std::string mode = call.attributes().text("mode", "constant");
  const Pads pads = read_pads(call);
  if (mode == "constant") {
    pad_constant(call, pads, call.optional_input(2));
    return true;
  }
  if (mode != "edge" && mode != "reflect" && mode != "wrap") call.fail("has the mode " + mode);
  const Shape& extents = call.input(0).shape();
  std::vector<std::vector<std::int64_t>> sources(extents.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 0 && call.output(0).size() != 0) call.fail("extends an empty axis");
    for (std::int64_t i = 0; i < call.output(0).shape()[axis]; ++i) {
      sources[axis].push_back(pad_source(mode, i - pads.begin[axis], extents[axis]));
    }
  }
  copy_indexed(call.input(0), sources, call.output(0));
  return true;
}

/// An odd element is left out, or added, at the end.
bool run_center_crop_pad(KernelCall& call) {
  const Shape& from = call.input(0).shape();
  const Shape& to = call.output(0).shape();
  Pads pads{Shape(from.size()), Shape(from.size())};
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    const std::int64_t added = to[axis] - from[axis];
    pads.begin[axis] = added / 2;
    pads.end[axis] = added - added / 2;
  }
  pad_constant(call, pads, nullptr);
  return true;
}

/// Reorders the input, seen as `view`, by `order` into the output.
bool run_permuted(KernelCall& call, const Shape& view, const std::vector<std::size_t>& order) {
  const Shape dense = tensor::row_major_strides(view);
  Shape extents;
  Shape strides;
  for (const std::size_t axis : order) {
    extents.push_back(view[axis]);
    strides.push_back(dense[axis]);
  }
  with_size(call.input(0).dtype(), [&]<class T>(Element<T>) {
    copy_strided(call.input(0).values<T>().data(), strides,
                 call.output(0).mutable_values<T>().data(), tensor::row_major_strides(extents),
                 extents);
  });
  return true;
}

bool run_depth_to_space(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::int64_t block = call.attributes().integer("blocksize", 1);
  const std::int64_t channels = shape[1] / (block * block);
  if (call.attributes().text("mode", "DCR") == "CRD") {
    return run_permuted(call, {shape[0], channels, block, block, shape[2], shape[3]},
                        {0, 1, 4, 2, 5, 3});
  }
  return run_permuted(call, {shape[0], block, block, channels, shape[2], shape[3]},
                      {0, 3, 4, 1, 5, 2});
}

bool run_space_to_depth(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::int64_t block = call.attributes().integer("blocksize", 1);
  return run_permuted(call, {shape[0], shape[1], shape[2] / block, block, shape[3] / block, block},
                      {0, 3, 5, 1, 2, 4});
}

bool run_trilu(KernelCall& call) {
  const Tensor& input = call.input(0);
  const Shape& shape = input.shape();
  if (shape.size() < 2) call.fail("needs matrices");
  const bool upper = call.attributes().integer("upper", 1) != 0;
  const std::int64_t rows = shape[shape.size() - 2];
  const std::int64_t columns = shape.back();
  const std::int64_t diagonal =
      call.has(1) ? std::clamp<std::int64_t>(call.integers(1).at(0), -rows, columns) : 0;
  with_size(input.dtype(), [&]<class T>(Element<T>) {
    const auto from = input.values<T>();
    const auto to = call.output(0).mutable_values<T>();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::int64_t column = static_cast<std::int64_t>(i) % columns;
      const std::int64_t row = static_cast<std::int64_t>(i) / columns % rows;
      const bool kept = upper ? column - row >= diagonal : column - row <= diagonal;
      if (kept) to[i] = from[i];
    }
  });
  return true;
}

constexpr std::array kernels{
    Kernel{"CenterCropPad", Kernel::Kind::moves, run_center_crop_pad},
    Kernel{"Concat", Kernel::Kind::moves, run_concat},
    Kernel{"DepthToSpace", Kernel::Kind::moves, run_depth_to_space},
    Kernel{"Dropout", Kernel::Kind::moves, run_dropout},
    Kernel{"Expand", Kernel::Kind::moves, run_expand},
    Kernel{"Flatten", Kernel::Kind::moves, run_reshape},
    Kernel{"Identity", Kernel::Kind::moves, run_reshape},
    Kernel{"Pad", Kernel::Kind::moves, run_pad},
    Kernel{"Reshape", Kernel::Kind::moves, run_reshape},
    Kernel{"Slice", Kernel::Kind::moves, run_slice},
    Kernel{"SpaceToDepth", Kernel::Kind::moves, run_space_to_depth},
    Kernel{"Split", Kernel::Kind::moves, run_split},
    Kernel{"Squeeze", Kernel::Kind::moves, run_reshape},
    Kernel{"Tile", Kernel::Kind::moves, run_tile},
    Kernel{"Transpose", Kernel::Kind::moves, run_transpose},
    Kernel{"Trilu", Kernel::Kind::moves, run_trilu},
    Kernel{"Unsqueeze", Kernel::Kind::moves, run_reshape},
};

}  // namespace

std::span<const Kernel> layout_kernels() {
  return kernels;
}

}  // namespace ampd::engine
