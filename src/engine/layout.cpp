#include "engine/layout.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"

namespace ampd::engine {
namespace {

using tensor::Shape;

/// Dimensions of more than one element, from the outermost in memory to the innermost.
std::vector<std::size_t> memory_order(const Shape& shape, const Shape& strides) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return strides[a] > strides[b]; });
  return order;
}

/// Dense strides that put the dimensions of `order` from the outermost to the innermost; the
/// dimensions of one element stand outside of the next one in logical order.
Shape dense_strides(const Shape& shape, const std::vector<std::size_t>& order) {
  Shape strides(shape.size(), 0);
  std::int64_t step = 1;
  for (auto i = order.rbegin(); i != order.rend(); ++i) {
    strides[*i] = step;
    step *= std::max<std::int64_t>(shape[*i], 1);
  }
  std::int64_t next = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (strides[i] == 0) strides[i] = next;
    next = strides[i] * std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

/// A run of old dimensions and the run of new ones with as many elements.
struct Group {
  std::vector<std::size_t> from;
  std::vector<std::size_t> to;
};

/// The finest such grouping. Dimensions of one element belong to no group. The shapes have equal
/// element counts above zero.
std::vector<Group> group(const Shape& from, const Shape& to) {
  std::vector<Group> groups;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < from.size() && j < to.size()) {
    if (from[i] == 1) {
      ++i;
    } else if (to[j] == 1) {
      ++j;
    } else {
      Group made{{i}, {j}};
      std::int64_t a = from[i++];
      std::int64_t b = to[j++];
      while (a != b) {
        if (a < b) {
          if (from[i] != 1) made.from.push_back(i);
          a *= from[i++];
        } else {
          if (to[j] != 1) made.to.push_back(j);
          b *= to[j++];
        }
      }
      groups.push_back(std::move(made));
    }
  }
  return groups;
}

}  // namespace

Layout::Layout(tensor::DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), strides_(tensor::row_major_strides(shape_)) {}

Layout::Layout(tensor::DType dtype, Shape shape, Shape strides)
    : dtype_(dtype), shape_(std::move(shape)), strides_(std::move(strides)) {
  AMPD_CHECK(shape_.size() == strides_.size());
}

Layout::Layout(const dnnl::memory::desc& descriptor)
    : dtype_(onednn::dtype_of(descriptor)), shape_(onednn::shape_of(descriptor)) {
  if (auto strides = onednn::strides_of(descriptor)) {
    strides_ = *std::move(strides);
  } else {
    blocked_ = descriptor;
  }
}

Layout Layout::channels_last(tensor::DType dtype, const Shape& shape) {
  if (shape.size() < 3) return {dtype, shape};
  Shape strides(shape.size());
  std::int64_t step = std::max<std::int64_t>(shape[1], 1);
  strides[1] = 1;
  for (std::size_t i = shape.size(); i-- > 2;) {
    strides[i] = step;
    step *= std::max<std::int64_t>(shape[i], 1);
  }
  strides[0] = step;
  return {dtype, shape, strides};
}

std::int64_t Layout::size() const {
  return tensor::element_count(shape_);
}

std::int64_t Layout::bytes() const {
  if (blocked_) return static_cast<std::int64_t>(blocked_->get_size());
  if (size() == 0) return 0;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape_.size(); ++i) last += (shape_[i] - 1) * strides_[i];
  return (last + 1) * tensor::size_bytes(dtype_);
}

bool Layout::is_dense() const {
  return is_plain() && reads_like(dense());
}

bool Layout::is_row_major() const {
  return is_plain() && reads_like(Layout(dtype_, shape_));
}

bool Layout::is_channels_last() const {
  return is_plain() && reads_like(channels_last(dtype_, shape_));
}

bool Layout::reads_like(const Layout& other) const {
  if (dtype_ != other.dtype_ || shape_ != other.shape_) return false;
  if (blocked_ || other.blocked_) return blocked_ == other.blocked_;
  if (size() == 0) return true;
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    if (shape_[i] != 1 && strides_[i] != other.strides_[i]) return false;
  }
  return true;
}

Layout Layout::dense_like(tensor::DType dtype, const Shape& shape) const {
  AMPD_CHECK(is_plain() && shape.size() == shape_.size());
  // oneDNN knows NHWC and NCHW by their strides, those of dimensions of one element included.
  const Layout last = channels_last(dtype, shape);
  if (is_channels_last()) return last;
  std::vector<std::size_t> order = memory_order(shape_, strides_);
  std::erase_if(order, [&](std::size_t i) { return shape[i] == 1; });
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1 && std::find(order.begin(), order.end(), i) == order.end()) {
      missing.push_back(i);
    }
  }
  for (const std::size_t i : missing) {
    const auto place =
        std::find_if(order.begin(), order.end(), [&](std::size_t o) { return o > i; });
    order.insert(place, i);
  }
  const Layout result(dtype, shape, dense_strides(shape, order));
  if (result.reads_like(last)) return last;
  return result.is_row_major() ? Layout(dtype, shape) : result;
}

std::optional<Layout> Layout::reshaped(const Shape& shape) const {
  AMPD_CHECK(is_plain() && tensor::element_count(shape) == size());
  if (size() == 0) return Layout(dtype_, shape);
  Shape strides(shape.size(), 0);
  for (const Group& g : group(shape_, shape)) {
    for (std::size_t k = 0; k + 1 < g.from.size(); ++k) {
      const std::size_t outer = g.from[k];
      const std::size_t inner = g.from[k + 1];
      if (strides_[outer] != shape_[inner] * strides_[inner]) return std::nullopt;
    }
    std::int64_t step = strides_[g.from.back()];
    for (auto j = g.to.rbegin(); j != g.to.rend(); ++j) {
      strides[*j] = step;
      step *= shape[*j];
    }
  }
  std::int64_t next = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (strides[i] == 0) strides[i] = next;
    next = strides[i] * shape[i];
  }
  return Layout(dtype_, shape, strides);
}

Layout Layout::dense_for(const Shape& shape) const {
  AMPD_CHECK(is_plain());
  std::vector<Group> groups = group(shape_, shape);
  const auto narrowest = [&](const Group& g) {
    std::int64_t stride = strides_[g.from.front()];
    for (const std::size_t i : g.from) stride = std::min(stride, strides_[i]);
    return stride;
  };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const Group& a, const Group& b) { return narrowest(a) > narrowest(b); });
  std::vector<std::size_t> order;
  for (const Group& g : groups) order.insert(order.end(), g.from.begin(), g.from.end());
  return {dtype_, shape_, dense_strides(shape_, order)};
}

Layout Layout::permuted(std::span<const std::int64_t> axes) const {
  AMPD_CHECK(is_plain() && axes.size() == shape_.size());
  Shape shape(axes.size());
  Shape strides(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    shape[i] = shape_.at(static_cast<std::size_t>(axes[i]));
    strides[i] = strides_.at(static_cast<std::size_t>(axes[i]));
  }
  return {dtype_, shape, strides};
}

dnnl::memory::desc Layout::descriptor() const {
  if (blocked_) return *blocked_;
  if (shape_.empty()) return {{1}, onednn::data_type(dtype_), onednn::Extents{1}};
  return {shape_, onednn::data_type(dtype_), strides_};
}

}  // namespace ampd::engine
