#include <algorithm>
#include <cmath>

#include "ampd/error.hpp"
#include "base/check.hpp"
#include "data/dataset_kinds.hpp"

namespace ampd::data {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// One array of random numbers per sample.
struct Source {
  Shape shape;  // of one sample
  double low = 0;
  double high = 0;
  DType dtype = DType::f32;
};

/// The finalizer of MurmurHash3 in the variant of Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators" (2014): a bijection whose output bits each depend on all input
/// bits.
std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

/// Number `position` of a stream: a function of its arguments alone, on every machine the same.
double uniform(std::uint64_t stream, std::uint64_t position) {
  constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15;
  return static_cast<double>(mixed(stream + (position + 1) * golden_gamma) >> 11) * 0x1p-53;
}

/// As NumPy's astype: towards zero, integers wrapped; 0 for what no integer can be.
Tensor converted(const Tensor& numbers, DType dtype) {
  if (tensor::is_floating(dtype) || dtype == DType::boolean) return convert(numbers, dtype);
  Tensor whole(DType::i64, numbers.shape());
  std::ranges::transform(
      numbers.values<double>(), whole.mutable_values<std::int64_t>().begin(),
      [](double number) { return static_cast<std::int64_t>(std::clamp(number, -0x1p62, 0x1p62)); });
  return convert(whole, dtype);
}

Tensor draw(const Source& source, std::uint64_t stream) {
  Tensor numbers(DType::f64, source.shape);
  const auto values = numbers.mutable_values<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = source.low + (source.high - source.low) * uniform(stream, i);
  }
  return converted(numbers, source.dtype);
}

/// The element that the list has for `position`; a list of one serves all.
template <class T>
T element(const nlohmann::json& parameters, const char* name, std::size_t position,
          std::size_t count) {
  const nlohmann::json& list = parameters.at(name);
  if (list.size() != 1 && list.size() != count) {
    throw Error(ErrorCode::invalid, std::string("the dummy dataset's ") + name + " has " +
                                        std::to_string(list.size()) + " values for " +
                                        std::to_string(count) + " arrays; give one, or one each");
  }
  return list.at(list.size() == 1 ? 0 : position).get<T>();
}

std::vector<Source> sources(const std::vector<Shape>& shapes, const nlohmann::json& parameters) {
  if (shapes.empty()) throw Error(ErrorCode::invalid, "the dummy dataset has no shape");
  std::vector<Source> result;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto dtype =
        tensor::parse_dtype(element<std::string>(parameters, "dtype", i, shapes.size()));
    AMPD_CHECK(dtype.has_value());
    result.push_back({.shape = shapes[i],
                      .low = element<double>(parameters, "low", i, shapes.size()),
                      .high = element<double>(parameters, "high", i, shapes.size()),
                      .dtype = *dtype});
  }
  return result;
}

Sample draw_inputs(const std::vector<Source>& sources, std::size_t inputs, std::uint64_t seed,
                   std::int64_t index) {
  Sample sample;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::uint64_t stream = mixed(mixed(mixed(seed) + i) + static_cast<std::uint64_t>(index));
    Tensor value = draw(sources[i], stream);
    if (i < inputs) {
      sample.inputs.push_back({std::move(value), 0});
    } else {
      sample.label = std::move(value);
    }
  }
  return sample;
}

}  // namespace

Dataset make_dummy_dataset(const nlohmann::json& parameters, std::uint64_t seed) {
  auto shapes = parameters.at("shape").get<std::vector<Shape>>();
  Dataset dataset{.name = "the dummy dataset", .inputs = {}, .size = 0, .sample = {}};
  for (Shape& shape : shapes) {
    const std::int64_t count = shape.empty() ? 0 : shape.front();
    if (dataset.inputs.empty()) dataset.size = count;
    if (count == 0 || count != dataset.size) {
      throw Error(ErrorCode::invalid,
                  "the dummy dataset's shapes must begin with one and the same "
                  "count of samples, but one is " +
                      tensor::to_string(shape));
    }
    shape.erase(shape.begin());
    dataset.inputs.emplace_back();
  }
  const bool has_labels = parameters.at("label");
  dataset.sample = [sources = sources(shapes, parameters), seed, has_labels](std::int64_t index) {
    Sample sample = draw_inputs(sources, sources.size(), seed, index);
    if (has_labels) sample.label = Tensor(DType::i64, {});
    return sample;
  };
  return dataset;
}

Dataset make_dummy_v2_dataset(const nlohmann::json& parameters, std::uint64_t seed) {
  auto shapes = parameters.at("input_shape").get<std::vector<Shape>>();
  const auto label_shapes = parameters.at("label_shape").get<std::vector<Shape>>();
  if (label_shapes.size() > 1) {
    throw Error(ErrorCode::unsupported,
                "the dummy_v2 dataset's label_shape has several labels; only one is offered");
  }
  const std::size_t inputs = shapes.size();
  shapes.insert(shapes.end(), label_shapes.begin(), label_shapes.end());
  Dataset dataset{.name = "the dummy_v2 dataset",
                  .inputs = std::vector<std::string>(inputs),
                  .size = parameters.at("samples").get<std::int64_t>(),
                  .sample = {}};
  dataset.sample = [sources = sources(shapes, parameters), inputs, seed](std::int64_t index) {
    return draw_inputs(sources, inputs, seed, index);
  };
  return dataset;
}

}  // namespace ampd::data
