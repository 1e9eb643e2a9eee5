// Operators whose results are as long as the data say.
#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

Tensor index_list(const std::vector<std::int64_t>& list) {
  return Tensor::of<std::int64_t>({std::ssize(list)}, list);
}

bool is_zero(const Tensor& value, std::size_t index) {
  const auto size = static_cast<std::size_t>(tensor::size_bytes(value.dtype()));
  const auto bytes = value.bytes().subspan(index * size, size);
  const bool has_sign = tensor::is_floating(value.dtype());  // -0 is zero too
  for (std::size_t i = 0; i < size; ++i) {
    const std::byte mask = has_sign && i + 1 == size ? std::byte{0x7f} : std::byte{0xff};
    if ((bytes[i] & mask) != std::byte{0}) return false;
  }
  return true;
}

bool run_non_zero(KernelCall& call) {
  const Tensor& input = call.input(0);
  const Shape shape = input.shape();
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < input.size(); ++i) {
    if (!is_zero(input, static_cast<std::size_t>(i))) found.push_back(i);
  }
  Tensor result(DType::i64, {std::ssize(shape), std::ssize(found)});
  const auto to = result.mutable_values<std::int64_t>();
  const Shape strides = tensor::row_major_strides(shape);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      to[axis * found.size() + i] = found[i] / strides[axis] % shape[axis];
    }
  }
  call.set_output(0, std::move(result));
  return true;
}

/// A tensor as slices along one axis, or as single elements.
class Slices {
 public:
  explicit Slices(const KernelCall& call) : input_(call.input(0)) {
    if (!call.attributes().has("axis")) {
      count_ = input_.size();
      return;
    }
    const Shape& shape = input_.shape();
    axis_ = call.axis(call.attributes().integer("axis", 0), shape.size());
    has_axis_ = true;
    count_ = shape[axis_];
    for (std::size_t i = 0; i < axis_; ++i) outer_ *= shape[i];
    for (std::size_t i = axis_ + 1; i < shape.size(); ++i) inner_ *= shape[i];
  }

  std::int64_t count() const { return count_; }

  /// The chosen slices, in their order.
  Tensor pick(const std::vector<std::int64_t>& chosen) const {
    Shape shape{std::ssize(chosen)};
    if (has_axis_) {
      shape = input_.shape();
      shape[axis_] = std::ssize(chosen);
    }
    Tensor result(input_.dtype(), shape);
    std::byte* to = result.mutable_bytes().data();
    for (std::int64_t outer = 0; outer < outer_; ++outer) {
      for (const std::int64_t slice : chosen) {
        std::memcpy(to, input_.bytes().data() + (outer * count_ + slice) * block_bytes(),
                    static_cast<std::size_t>(block_bytes()));
        to += block_bytes();
      }
    }
    return result;
  }

  /// Below, equal or above 0, by the first elements that differ.
  template <class T>
  int compare(std::int64_t left, std::int64_t right) const {
    const T* from = input_.values<T>().data();
    for (std::int64_t outer = 0; outer < outer_; ++outer) {
      for (std::int64_t i = 0; i < inner_; ++i) {
        const T a = from[(outer * count_ + left) * inner_ + i];
        const T b = from[(outer * count_ + right) * inner_ + i];
        if (a < b || (a == a && b != b)) return -1;  // NaN comes last
        if (b < a || (b == b && a != a)) return 1;
      }
    }
    return 0;
  }

 private:
  std::int64_t block_bytes() const { return inner_ * tensor::size_bytes(input_.dtype()); }

  const Tensor& input_;
  std::size_t axis_ = 0;
  bool has_axis_ = false;
  std::int64_t outer_ = 1;
  std::int64_t count_ = 0;
  std::int64_t inner_ = 1;
};

bool run_compress(KernelCall& call) {
  const Slices slices(call);
  const auto condition = call.input(1).values<std::uint8_t>();
  std::vector<std::int64_t> chosen;
  for (std::size_t i = 0; i < condition.size(); ++i) {
    if (condition[i] == 0) continue;
    if (static_cast<std::int64_t>(i) >= slices.count()) call.fail("chooses more than there is");
    chosen.push_back(static_cast<std::int64_t>(i));
  }
  call.set_output(0, slices.pick(chosen));
  return true;
}

template <class T>
void unique(KernelCall& call) {
  const Slices slices(call);
  std::vector<std::int64_t> order(static_cast<std::size_t>(slices.count()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, [&](std::int64_t a, std::int64_t b) { return slices.template compare<T>(a, b) < 0; });
  std::vector<std::int64_t> firsts;  // of each kind, in sorted order
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> kinds(order.size());
  for (const std::int64_t slice : order) {
    if (firsts.empty() || slices.template compare<T>(firsts.back(), slice) != 0) {
      firsts.push_back(slice);
      counts.push_back(0);
    }
    kinds[static_cast<std::size_t>(slice)] = std::ssize(firsts) - 1;
    ++counts.back();
  }
  std::vector<std::int64_t> ranks(firsts.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  if (call.attributes().integer("sorted", 1) == 0) {
    std::ranges::sort(ranks, {},
                      [&](std::int64_t kind) { return firsts[static_cast<std::size_t>(kind)]; });
  }
  const auto ranked = [&ranks](const std::vector<std::int64_t>& list) {
    std::vector<std::int64_t> result;
    for (const std::int64_t kind : ranks) result.push_back(list[static_cast<std::size_t>(kind)]);
    return result;
  };
  std::vector<std::int64_t> places(ranks.size());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    places[static_cast<std::size_t>(ranks[i])] = static_cast<std::int64_t>(i);
  }
  for (std::int64_t& kind : kinds) kind = places[static_cast<std::size_t>(kind)];
  call.set_output(0, slices.pick(ranked(firsts)));
  call.set_output(1, index_list(ranked(firsts)));
  call.set_output(2, index_list(kinds));
  call.set_output(3, index_list(ranked(counts)));
}

bool run_unique(KernelCall& call) {
  if (call.input(0).dtype() == DType::boolean) {
    unique<std::uint8_t>(call);
    return true;
  }
  return with_number(call.input(0).dtype(), [&]<class T>(Element<T>) { unique<T>(call); });
}

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

Box box_at(const float* from, bool is_centred) {
  const std::array<double, 4> b{from[0], from[1], from[2], from[3]};
  if (is_centred) {
    return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  }
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

double overlap(const Box& a, const Box& b) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (height <= 0 || width <= 0) return 0;
  const double common = height * width;
  return common / (a.area() + b.area() - common);
}

/// The boxes of one class that stay, best score first.
std::vector<std::int64_t> suppress(const std::vector<Box>& boxes, const float* scores,
                                   std::int64_t count_max, double overlap_max,
                                   const float* score_min) {
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < std::ssize(boxes); ++i) {
    const bool is_low = score_min != nullptr && !(scores[i] > *score_min);
    if (!is_low && scores[i] == scores[i]) order.push_back(i);
  }
  std::ranges::stable_sort(
      order, [scores](std::int64_t a, std::int64_t b) { return scores[a] > scores[b]; });
  std::vector<std::int64_t> kept;
  for (const std::int64_t candidate : order) {
    if (std::ssize(kept) >= count_max) break;
    const bool is_free = std::ranges::none_of(kept, [&](std::int64_t other) {
      return overlap(boxes[static_cast<std::size_t>(candidate)],
                     boxes[static_cast<std::size_t>(other)]) > overlap_max;
    });
    if (is_free) kept.push_back(candidate);
  }
  return kept;
}

bool run_suppression(KernelCall& call) {
  const Shape& boxes = call.input(0).shape();
  const Shape& scores = call.input(1).shape();
  if (boxes.size() != 3 || boxes[2] != 4 || scores.size() != 3 || scores[0] != boxes[0] ||
      scores[2] != boxes[1]) {
    call.fail("has boxes and scores that do not fit");
  }
  const bool is_centred = call.attributes().integer("center_point_box", 0) != 0;
  const std::int64_t count_max = call.has(2) ? call.integers(2).at(0) : 0;
  const double overlap_max = call.has(3) ? call.input(3).values<float>()[0] : 0;
  const float* score_min = call.has(4) ? call.input(4).values<float>().data() : nullptr;
  std::vector<std::int64_t> found;
  for (std::int64_t batch = 0; batch < boxes[0]; ++batch) {
    std::vector<Box> list;
    for (std::int64_t i = 0; i < boxes[1]; ++i) {
      list.push_back(
          box_at(call.input(0).values<float>().data() + (batch * boxes[1] + i) * 4, is_centred));
    }
    for (std::int64_t kind = 0; kind < scores[1]; ++kind) {
      const float* of_kind =
          call.input(1).values<float>().data() + (batch * scores[1] + kind) * scores[2];
      for (const std::int64_t box : suppress(list, of_kind, count_max, overlap_max, score_min)) {
        found.insert(found.end(), {batch, kind, box});
      }
    }
  }
  call.set_output(0, Tensor::of<std::int64_t>({std::ssize(found) / 3, 3}, found));
  return true;
}

constexpr std::array kernels{
    Kernel{"Compress", Kernel::Kind::moves, run_compress},
    Kernel{"NonMaxSuppression", Kernel::Kind::computes, run_suppression},
    Kernel{"NonZero", Kernel::Kind::moves, run_non_zero},
    Kernel{"Unique", Kernel::Kind::computes, run_unique},
};

}  // namespace

std::span<const Kernel> selection_kernels() {
  return kernels;
}

}  // namespace ampd::engine
