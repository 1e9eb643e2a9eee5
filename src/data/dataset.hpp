// Where samples come from: a count, and a function that gives sample number i.
//
// The kinds are those of the catalogue: npy (.npy pairs or one .npz), MNIST, FashionMNIST, CIFAR10,
// ImageFolder, dummy, dummy_v2. Array files give samples as they are stored, image datasets give
// unsigned bytes in height, width, channel order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "job/job.hpp"
#include "tensor/tensor.hpp"

namespace ampd::data {

/// One array of a sample, without a batch axis.
struct Field {
  tensor::Tensor value;
  std::int64_t channel_axis = 0;  // meaningless for a scalar
};

struct Sample {
  std::vector<Field> inputs;
  std::optional<tensor::Tensor> label;
};

struct Dataset {
  std::string name;                 // for messages: what it is and where it lies
  std::vector<std::string> inputs;  // the model's input of each field; "": the one in its place
  std::int64_t size = 0;            // samples

  /// Sample `index`, always the same. May be called from any thread. Throws Error naming the file
  /// when it cannot be read.
  std::function<Sample(std::int64_t index)> sample;
};

/// Opens a dataset of the catalogue. Throws Error naming the file: not_found, denied, invalid
/// (damaged; labels and inputs of different lengths), unsupported.
Dataset make_dataset(const job::Component& component, std::uint64_t seed);

}  // namespace ampd::data
