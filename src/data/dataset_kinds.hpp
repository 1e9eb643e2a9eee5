// The makers behind make_dataset, one per kind. Parameters are the catalogue's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/dataset.hpp"

namespace ampd::data {

/// Arrays in .npy files or one .npz.
Dataset make_npy_dataset(const nlohmann::json& parameters);

/// Random numbers: shapes with the count of samples first, or (v2) shapes of one sample.
Dataset make_dummy_dataset(const nlohmann::json& parameters, std::uint64_t seed);
Dataset make_dummy_v2_dataset(const nlohmann::json& parameters, std::uint64_t seed);

/// MNIST or FashionMNIST, by `name`: idx files, plain or gzip, in `root` or where PyTorch puts
/// them, or Keras's mnist.npz.
Dataset make_mnist_dataset(const std::string& name, const nlohmann::json& parameters);

/// The binary version of CIFAR-10, in `root` or in cifar-10-batches-bin.
Dataset make_cifar10_dataset(const nlohmann::json& parameters);

/// Folders of JPEG and PNG files; the label is the folder's place in name order.
Dataset make_image_folder_dataset(const nlohmann::json& parameters);

/// A class as the label of one sample.
tensor::Tensor class_label(std::int64_t label);

/// Throws Error(denied or io) when that cannot be found out.
bool file_exists(const std::filesystem::path& file);

/// The first of `names` that is in one of `folders`. Throws Error(not_found) naming the first of
/// each and, in the words of `remedy`, what would be accepted.
std::filesystem::path locate(const std::vector<std::filesystem::path>& folders,
                             const std::vector<std::string>& names, const std::string& remedy);

}  // namespace ampd::data
