#include "data/dataset.hpp"

#include <system_error>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "data/dataset_kinds.hpp"

namespace ampd::data {

Dataset make_dataset(const job::Component& component, std::uint64_t seed) {
  const auto& [name, parameters] = component;
  if (name == "npy") return make_npy_dataset(parameters);
  if (name == "MNIST" || name == "FashionMNIST") return make_mnist_dataset(name, parameters);
  if (name == "CIFAR10") return make_cifar10_dataset(parameters);
  if (name == "ImageFolder") return make_image_folder_dataset(parameters);
  if (name == "dummy") return make_dummy_dataset(parameters, seed);
  if (name == "dummy_v2") return make_dummy_v2_dataset(parameters, seed);
  throw Error(ErrorCode::unsupported, "the dataset " + name + " is not offered");
}

tensor::Tensor class_label(std::int64_t label) {
  return tensor::Tensor::of<std::int64_t>({}, {label});
}

bool file_exists(const std::filesystem::path& file) {
  std::error_code failure;
  const bool found = std::filesystem::exists(file, failure);
  if (failure) base::throw_system_error("cannot open", file, failure.value());
  return found;
}

std::filesystem::path locate(const std::vector<std::filesystem::path>& folders,
                             const std::vector<std::string>& names, const std::string& remedy) {
  for (const std::filesystem::path& folder : folders) {
    for (const std::string& name : names) {
      if (file_exists(folder / name)) return folder / name;
    }
  }
  throw Error(ErrorCode::not_found,
              "there is no " + names.front() + " in " + folders.front().string() + remedy);
}

}  // namespace ampd::data
