#include "data/dataloader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ampd/error.hpp"
#include "base/check.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// What a type holds: integers of so many binary digits, floats of such a significand and exponent.
struct Capacity {
  int digits;
  int exponent_bits;  // 0: an integer
  bool is_signed;
};

Capacity capacity(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return {24, 8, true};
    case DType::f64:
      return {53, 11, true};
    case DType::f16:
      return {11, 5, true};
    case DType::bf16:
      return {8, 8, true};
    case DType::i8:
      return {7, 0, true};
    case DType::u8:
      return {8, 0, false};
    case DType::i16:
      return {15, 0, true};
    case DType::u16:
      return {16, 0, false};
    case DType::i32:
      return {31, 0, true};
    case DType::u32:
      return {32, 0, false};
    case DType::i64:
      return {63, 0, true};
    case DType::u64:
      return {64, 0, false};
    case DType::boolean:
      return {1, 0, false};
  }
  return {};
}

bool converts_exactly(DType from, DType to) {
  const Capacity source = capacity(from);
  const Capacity target = capacity(to);
  return source.digits <= target.digits && source.exponent_bits <= target.exponent_bits &&
         (target.is_signed || !source.is_signed);
}

bool fits(const Shape& shape, const Shape& pattern) {
  return std::ranges::equal(shape, pattern, [](std::int64_t extent, std::int64_t wanted) {
    return wanted < 0 || extent == wanted;
  });
}

Shape without_batch(const Shape& shape) {
  return {shape.begin() + 1, shape.end()};
}

Shape with_batch(std::int64_t batch_size, const Shape& shape) {
  Shape result{batch_size};
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

/// What to do about an image that would fit with its channels at the other end.
std::string transpose_remedy(const Field& field, const Shape& pattern) {
  const Shape& shape = field.value.shape();
  if (shape.size() != 3) return "";
  if (field.channel_axis == 2 && fits({shape[2], shape[0], shape[1]}, pattern)) {
    return "; its channels come last and the model wants them first: add Transpose: {perm: [2, 0, "
           "1]} to the transforms";
  }
  if (field.channel_axis == 0 && fits({shape[1], shape[2], shape[0]}, pattern)) {
    return "; its channels come first and the model wants them last: add Transpose: {perm: [1, 2, "
           "0]} to the transforms";
  }
  return "";
}

void copy_row(const Tensor& row, Tensor& batch, std::int64_t position) {
  const std::size_t row_bytes = row.bytes().size();
  if (row_bytes == 0) return;
  std::memcpy(batch.mutable_bytes().data() + static_cast<std::size_t>(position) * row_bytes,
              row.bytes().data(), row_bytes);
}

std::string names_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Dataloader::Dataloader(const job::Dataloader& settings, std::vector<ModelInput> inputs,
                       std::uint64_t seed)
    : dataset_(make_dataset(settings.dataset, seed)) {
  for (const job::Component& component : settings.transforms) {
    transforms_.push_back(make_transform(component));
  }
  find_fields(std::move(inputs));
  plan(settings);
  const Sample first = prepare(0);
  for (Slot& slot : slots_) {
    slot.shape = fitting_shape(slot.input, first.inputs.at(slot.field), 0);
    fitted(slot, first.inputs.at(slot.field), 0);
  }
}

void Dataloader::find_fields(std::vector<ModelInput> inputs) {
  const std::vector<std::string>& names = dataset_.inputs;
  AMPD_CHECK(!names.empty());
  const bool is_named = !names.front().empty();
  std::vector<std::string> wanted;
  for (const ModelInput& input : inputs) wanted.push_back(input.name);
  if (names.size() != inputs.size()) {
    throw Error(ErrorCode::invalid, "the model has " + std::to_string(inputs.size()) + " inputs (" +
                                        names_of(wanted) + "), but " + dataset_.name + " gives " +
                                        std::to_string(names.size()) +
                                        (is_named ? " (" + names_of(names) + ")" : ""));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto found = is_named ? std::ranges::find(names, inputs[i].name)
                                : names.begin() + static_cast<std::ptrdiff_t>(i);
    if (found == names.end()) {
      throw Error(ErrorCode::invalid, "the dataset gives nothing to the model's input " +
                                          inputs[i].name + "; it gives " + names_of(names) +
                                          " and the model's inputs are " + names_of(wanted));
    }
    slots_.push_back({.input = std::move(inputs[i]),
                      .field = static_cast<std::size_t>(found - names.begin()),
                      .shape = {}});
  }
}

void Dataloader::plan(const job::Dataloader& settings) {
  std::int64_t fixed = tensor::unknown_extent;
  for (const auto& [input, field, shape] : slots_) {
    const std::int64_t extent = input.shape.empty() ? 0 : input.shape.front();
    if (extent == 0 || (extent > 0 && fixed > 0 && extent != fixed)) {
      throw Error(ErrorCode::unsupported,
                  "the model's input " + input.name + " has the shape " +
                      tensor::to_string(input.shape) +
                      "; every input must begin with one and the same batch size");
    }
    if (extent > 0) fixed = extent;
  }
  if (dataset_.size == 0) throw Error(ErrorCode::invalid, dataset_.name + " has no samples");
  batch_size_ = fixed > 0 ? fixed : settings.batch_size;
  if (settings.discard_last_batch) {
    batch_count_ = dataset_.size / batch_size_;
    samples_ = batch_count_ * batch_size_;
    if (batch_count_ == 0) {
      throw Error(ErrorCode::invalid, dataset_.name + " has " + std::to_string(dataset_.size) +
                                          " samples, fewer than one batch of " +
                                          std::to_string(batch_size_) +
                                          ", and `last_batch: discard` leaves that out");
    }
    return;
  }
  if (fixed < 0) batch_size_ = std::min(batch_size_, dataset_.size);
  batch_count_ = (dataset_.size + batch_size_ - 1) / batch_size_;
  samples_ = dataset_.size;
}

std::map<std::string, Shape> Dataloader::shapes() const {
  std::map<std::string, Shape> result;
  for (const Slot& slot : slots_) {
    result.emplace(slot.input.name, with_batch(batch_size_, slot.shape));
  }
  return result;
}

Sample Dataloader::prepare(std::int64_t index) const {
  Sample sample = dataset_.sample(index);
  for (const Transform& transform : transforms_) transform(sample);
  return sample;
}

std::string Dataloader::place(std::int64_t index) const {
  return "sample " + std::to_string(index) + " of " + dataset_.name;
}

Shape Dataloader::fitting_shape(const ModelInput& input, const Field& field,
                                std::int64_t index) const {
  const Shape pattern = without_batch(input.shape);
  const Shape& shape = field.value.shape();
  if (fits(shape, pattern)) return shape;
  throw Error(ErrorCode::invalid, place(index) + " has the shape " + tensor::to_string(shape) +
                                      " after the transforms, but the model's input " + input.name +
                                      " takes " + tensor::to_string(pattern) +
                                      transpose_remedy(field, pattern));
}

Tensor Dataloader::fitted(const Slot& slot, const Field& field, std::int64_t index) const {
  const Shape shape = fitting_shape(slot.input, field, index);
  if (shape != slot.shape) {
    throw Error(ErrorCode::invalid, place(index) + " has the shape " + tensor::to_string(shape) +
                                        " after the transforms, but sample 0 has " +
                                        tensor::to_string(slot.shape) +
                                        "; all must be equal: add Resize or a crop");
  }
  const DType dtype = field.value.dtype();
  if (!converts_exactly(dtype, slot.input.dtype)) {
    const std::string wanted(tensor::to_string(slot.input.dtype));
    throw Error(ErrorCode::invalid, place(index) + " is " + std::string(tensor::to_string(dtype)) +
                                        " after the transforms, which the model's input " +
                                        slot.input.name + " (" + wanted +
                                        ") cannot hold exactly; add Cast: {dtype: " + wanted +
                                        "} to the transforms");
  }
  return convert(field.value, slot.input.dtype);
}

void Dataloader::check_label(const Tensor& label, const Tensor& labels, std::int64_t index) const {
  if (label.dtype() == labels.dtype() && label.shape() == without_batch(labels.shape())) return;
  throw Error(ErrorCode::invalid, "the label of " + place(index) +
                                      " has another shape or type than those before it: " +
                                      tensor::to_string(label.shape()));
}

Batch Dataloader::batch(std::int64_t index) const {
  AMPD_CHECK(index >= 0 && index < batch_count_);
  const std::int64_t first = index * batch_size_;
  Batch batch{.index = index,
              .inputs = {},
              .labels = {},
              .samples = std::min(batch_size_, samples_ - first)};
  for (const Slot& slot : slots_) {
    batch.inputs[slot.input.name] = Tensor(slot.input.dtype, with_batch(batch_size_, slot.shape));
  }
  for (std::int64_t i = 0; i < batch.samples; ++i) {
    const Sample sample = prepare(first + i);
    const std::int64_t copies = i + 1 == batch.samples ? batch_size_ - i : 1;
    for (const Slot& slot : slots_) {
      const Tensor row = fitted(slot, sample.inputs.at(slot.field), first + i);
      for (std::int64_t copy = 0; copy < copies; ++copy) {
        copy_row(row, batch.inputs.at(slot.input.name), i + copy);
      }
    }
    if (!sample.label) continue;
    if (!batch.labels) {
      batch.labels =
          Tensor(sample.label->dtype(), with_batch(batch.samples, sample.label->shape()));
    }
    check_label(*sample.label, *batch.labels, first + i);
    copy_row(*sample.label, *batch.labels, i);
  }
  return batch;
}

}  // namespace ampd::data
