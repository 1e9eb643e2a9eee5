#include "engine/masked_softmax.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "engine/instances.hpp"
#include "tensor/half.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;

constexpr std::int64_t elements_at_a_time = 1 << 15;  // 128 KiB of f32, in the second cache

/// oneDNN's softmax of some rows, from f32 to the dtype of the result.
struct RowsSoftmax {
  RowsSoftmax(const onednn::Offer& offer)
      : primitive(offer.make()),
        source(offer.source(), onednn::cpu(), nullptr),
        destination(offer.destination(), onednn::cpu(), nullptr),
        scratchpad(offer.scratchpad(), onednn::cpu()) {}

  void run(std::byte* from, std::byte* to, dnnl::stream& stream) {
    source.set_data_handle(from);
    destination.set_data_handle(to);
    primitive.execute(
        stream,
        {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, destination}, {DNNL_ARG_SCRATCHPAD, scratchpad}});
  }

  dnnl::primitive primitive;
  dnnl::memory source;
  dnnl::memory destination;
  dnnl::memory scratchpad;
};

std::optional<onednn::Offer> offer_for(std::int64_t rows, std::int64_t columns, DType dtype) {
  return onednn::softmax(false, Layout(DType::f32, {rows, columns}).descriptor(),
                         Layout(dtype, {rows, columns}).descriptor(), 1);
}

class MaskedRows {
 public:
  MaskedRows(const Layout& scores, float scale, const Layout& mask, std::int64_t rows_at_a_time)
      : dtype_(scores.dtype()),
        columns_(scores.shape().back()),
        rows_(scores.size() / columns_),
        rows_at_a_time_(rows_at_a_time),
        scale_(scale),
        mask_rows_(mask_rows(scores.shape(), mask)),
        period_(std::ssize(mask_rows_)),
        is_mask_per_row_(mask.shape().back() == 1) {
    for (std::int64_t i = 0; i < rows_at_a_time; ++i) {
      mask_rows_.push_back(mask_rows_[static_cast<std::size_t>(i)]);
    }
    if (dtype_ != DType::f32) {
      wide_.resize(static_cast<std::size_t>(rows_at_a_time * columns_));
    }
  }

  void set(const onednn::Offer& all, const std::optional<onednn::Offer>& rest) {
    all_.emplace(all);
    if (rest) rest_.emplace(*rest);
  }

  void run(const std::byte* scores, const float* mask, std::byte* result) {
    const std::int64_t row_bytes = columns_ * tensor::size_bytes(dtype_);
    for (std::int64_t row = 0; row < rows_; row += rows_at_a_time_) {
      const std::int64_t count = std::min(rows_at_a_time_, rows_ - row);
      std::byte* to = result + row * row_bytes;
      const std::int64_t* starts = mask_rows_.data() + row % period_;
      float* wide = wide_.empty() ? reinterpret_cast<float*>(to) : wide_.data();
#pragma omp parallel for schedule(static) if (rows_ > rows_at_a_time_)
      for (std::int64_t i = 0; i < count; ++i) {
        mask_row(scores + (row + i) * row_bytes, mask + starts[i], wide + i * columns_);
      }
      RowsSoftmax& softmax = count == rows_at_a_time_ ? *all_ : *rest_;
      softmax.run(reinterpret_cast<std::byte*>(wide), to, stream_);
    }
    stream_.wait();
  }

 private:
  /// Where each row's mask starts, until that repeats itself.
  static std::vector<std::int64_t> mask_rows(const Shape& shape, const Layout& mask) {
    std::vector<std::int64_t> starts{0};
    for (std::size_t axis = shape.size() - 1; axis-- > 0;) {
      const bool is_repeated = mask.shape()[axis] == 1;
      AMPD_CHECK(is_repeated || mask.shape()[axis] == shape[axis]);
      const auto outer =
          Shape(mask.shape().begin(), mask.shape().begin() + static_cast<std::ptrdiff_t>(axis) + 1);
      if (tensor::element_count(outer) == 1) break;
      const std::size_t inner = starts.size();
      for (std::int64_t i = 1; i < shape[axis]; ++i) {
        for (std::size_t k = 0; k < inner; ++k) {
          starts.push_back(starts[k] + (is_repeated ? 0 : i * mask.strides()[axis]));
        }
      }
    }
    return starts;
  }

  void mask_row(const std::byte* scores, const float* mask, float* to) const {
    if (dtype_ == DType::f32) {
      const auto* from = reinterpret_cast<const float*>(scores);
      add_mask(mask, to, [from](std::int64_t i) { return from[i]; });
    } else {
      const auto* from = reinterpret_cast<const std::uint16_t*>(scores);
      add_mask(mask, to, [from](std::int64_t i) { return tensor::from_bfloat16(from[i]); });
    }
  }

  template <class Read>
  void add_mask(const float* mask, float* to, const Read& read) const {
    // The rows may lie where the scores did: each element is read before it is written.
    if (is_mask_per_row_) {
#pragma omp simd
      for (std::int64_t i = 0; i < columns_; ++i) to[i] = read(i) * scale_ + *mask;
    } else {
#pragma omp simd
      for (std::int64_t i = 0; i < columns_; ++i) to[i] = read(i) * scale_ + mask[i];
    }
  }

  DType dtype_;
  std::int64_t columns_;
  std::int64_t rows_;
  std::int64_t rows_at_a_time_;
  float scale_;
  std::vector<std::int64_t> mask_rows_;  // of a period and as many rows again as are done at a time
  std::int64_t period_;
  bool is_mask_per_row_;
  std::vector<float> wide_;
  std::optional<RowsSoftmax> all_;
  std::optional<RowsSoftmax> rest_;
  dnnl::stream stream_{onednn::cpu()};
};

}  // namespace

std::optional<MaskedSoftmax> masked_softmax(const Layout& scores, float scale, const Layout& mask) {
  AMPD_CHECK(scores.is_row_major() && mask.is_row_major() && mask.dtype() == DType::f32 &&
             scores.rank() == mask.rank());
  const std::int64_t columns = scores.shape().back();
  const std::int64_t rows = scores.size() / columns;
  const std::int64_t at_a_time = std::clamp<std::int64_t>(elements_at_a_time / columns, 1, rows);
  const auto all = offer_for(at_a_time, columns, scores.dtype());
  if (!all) return std::nullopt;
  std::optional<onednn::Offer> rest;
  if (rows % at_a_time != 0) {
    rest = offer_for(rows % at_a_time, columns, scores.dtype());
    if (!rest) return std::nullopt;
  }
  const auto work = std::make_shared<Instances<MaskedRows>>([=, all = *all] {
    auto one = std::make_unique<MaskedRows>(scores, scale, mask, at_a_time);
    one->set(all, rest);
    return one;
  });
  return MaskedSoftmax{all->implementation(), {[work](auto inputs, auto outputs) {
                         work->with_one([&](MaskedRows& one) {
                           one.run(inputs[0], reinterpret_cast<const float*>(inputs[1]),
                                   outputs[0]);
                         });
                       }}};
}

}  // namespace ampd::engine
