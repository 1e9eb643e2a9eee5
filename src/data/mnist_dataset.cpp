#include <algorithm>
#include <array>
#include <cstring>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "data/dataset_kinds.hpp"
#include "data/inflate.hpp"
#include "data/npy_file.hpp"
#include "data/npz_file.hpp"

namespace ampd::data {
namespace {

using std::filesystem::path;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// MNIST's largest file has 47 MB, its largest relative's 550 MB.
constexpr std::int64_t file_bytes_max = 1 << 30;

/// Unsigned bytes in an idx file, the format of MNIST: two zero bytes, the type, the count of axes,
/// the extents in big-endian, the elements.
Tensor parse_idx(std::span<const std::byte> bytes, std::size_t rank, const std::string& name) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorCode::invalid, name + " is not a valid idx file: " + reason);
  };
  constexpr std::byte unsigned_bytes{8};
  const std::size_t header_bytes = 4 + 4 * rank;
  if (bytes.size() < header_bytes) refuse("it is cut short");
  const std::array<std::byte, 4> magic{std::byte{0}, std::byte{0}, unsigned_bytes,
                                       static_cast<std::byte>(rank)};
  if (!std::ranges::equal(bytes.first(4), magic)) {
    refuse("it does not begin as one of unsigned bytes with " + std::to_string(rank) + " axes");
  }
  Shape shape;
  std::int64_t count = 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    std::int64_t extent = 0;
    for (const std::byte digit : bytes.subspan(4 + 4 * axis, 4)) {
      extent = extent * 256 + std::to_integer<std::int64_t>(digit);
    }
    shape.push_back(extent);
    if (__builtin_mul_overflow(count, extent, &count)) refuse("its extents are too large");
  }
  if (count != static_cast<std::int64_t>(bytes.size() - header_bytes)) {
    refuse("its extents " + tensor::to_string(shape) + " do not match its length");
  }
  Tensor tensor(DType::u8, shape);
  if (count > 0) {
    std::memcpy(tensor.mutable_bytes().data(), bytes.data() + header_bytes, tensor.bytes().size());
  }
  return tensor;
}

Tensor read_idx(const path& file, std::size_t rank) {
  std::vector<std::byte> bytes = base::read_file(file, file_bytes_max);
  if (file.extension() == ".gz") {
    bytes = inflate(bytes, Compression::gzip, file_bytes_max, file.string());
  }
  return parse_idx(bytes, rank, file.string());
}

struct Labelled {
  Tensor images;  // count x height x width
  Tensor labels;  // count
  std::string images_name;
  std::string labels_name;
};

Labelled read_mnist_npz(const path& file, const std::string& part) {
  const NpzFile archive(file);
  return {archive.read("x_" + part), archive.read("y_" + part), file.string() + ":x_" + part,
          file.string() + ":y_" + part};
}

Labelled read_mnist_idx(const std::vector<path>& folders, const std::string& part) {
  const auto file = [&](const std::string& what, const std::string& form) {
    const std::string name = part + "-" + what + "-" + form + "-ubyte";
    const std::string dotted = part + "-" + what + "." + form + "-ubyte";
    return locate(folders, {name, name + ".gz", dotted, dotted + ".gz"},
                  " (nor with .gz), nor in the folders where PyTorch and INC put it");
  };
  const path images = file("images", "idx3");
  const path labels = file("labels", "idx1");
  return {read_idx(images, 3), read_idx(labels, 1), images.string(), labels.string()};
}

Dataset dataset_of(const std::string& name, const Labelled& labelled) {
  const Shape& shape = labelled.images.shape();
  if (shape.size() != 3 || labelled.images.dtype() != DType::u8) {
    throw Error(ErrorCode::invalid, labelled.images_name + " does not hold grey images of bytes");
  }
  if (labelled.labels.shape() != Shape{shape[0]}) {
    throw Error(ErrorCode::invalid, labelled.images_name + " has " + std::to_string(shape[0]) +
                                        " images, but " + labelled.labels_name + " has " +
                                        tensor::to_string(labelled.labels.shape()) +
                                        " labels; both must have the same number");
  }
  const Tensor labels = convert(labelled.labels, DType::i64);
  return {.name = name + " at " + labelled.images_name,
          .inputs = {""},
          .size = shape[0],
          .sample = [images = labelled.images, labels](std::int64_t index) {
            Tensor image = row_of(images, index);
            Shape with_channel = image.shape();
            with_channel.push_back(1);
            return Sample{{{image.reshaped(with_channel), 2}}, row_of(labels, index)};
          }};
}

}  // namespace

Dataset make_mnist_dataset(const std::string& name, const nlohmann::json& parameters) {
  const path root = parameters.at("root").get<std::string>();
  const bool is_train = parameters.at("train");
  const std::vector<path> folders{root, root / name / "raw", root / name, root / "raw"};
  for (const path& folder : folders) {
    if (name == "MNIST" && file_exists(folder / "mnist.npz")) {
      return dataset_of(name, read_mnist_npz(folder / "mnist.npz", is_train ? "train" : "test"));
    }
  }
  return dataset_of(name, read_mnist_idx(folders, is_train ? "train" : "t10k"));
}

}  // namespace ampd::data
