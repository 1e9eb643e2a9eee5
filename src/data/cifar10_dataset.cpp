#include <memory>
#include <span>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "data/dataset_kinds.hpp"

namespace ampd::data {
namespace {

using std::filesystem::path;
using tensor::DType;
using tensor::Tensor;

constexpr std::int64_t side = 32;
constexpr std::int64_t plane_bytes = side * side;
constexpr std::int64_t record_bytes = 1 + 3 * plane_bytes;
constexpr std::int64_t classes = 10;

std::vector<std::byte> read_records(const path& file) {
  std::vector<std::byte> bytes = base::read_file(file, base::limits::tensor_bytes);
  const auto size_bytes = static_cast<std::int64_t>(bytes.size());
  if (size_bytes == 0 || size_bytes % record_bytes != 0) {
    throw Error(ErrorCode::invalid, file.string() +
                                        " is not a file of CIFAR-10's binary version: "
                                        "its " +
                                        std::to_string(size_bytes) + " bytes are no multiple of " +
                                        std::to_string(record_bytes));
  }
  for (std::int64_t at = 0; at < size_bytes; at += record_bytes) {
    if (std::to_integer<std::int64_t>(bytes[static_cast<std::size_t>(at)]) >= classes) {
      throw Error(ErrorCode::invalid, file.string() +
                                          " is not a file of CIFAR-10's binary "
                                          "version: record " +
                                          std::to_string(at / record_bytes) +
                                          " has a label above 9");
    }
  }
  return bytes;
}

/// A record: the label, then 32x32 red, green and blue values.
Sample read_record(std::span<const std::byte> record) {
  Tensor image(DType::u8, {side, side, 3});
  const auto pixels = image.mutable_values<std::uint8_t>();
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < plane_bytes; ++i) {
      pixels[i * 3 + channel] =
          std::to_integer<std::uint8_t>(record[1 + channel * plane_bytes + i]);
    }
  }
  return {{{image, 2}}, class_label(std::to_integer<std::int64_t>(record[0]))};
}

}  // namespace

Dataset make_cifar10_dataset(const nlohmann::json& parameters) {
  const path root = parameters.at("root").get<std::string>();
  std::vector<std::string> names{"test_batch.bin"};
  if (parameters.at("train")) {
    names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
             "data_batch_5.bin"};
  }
  auto records = std::make_shared<std::vector<std::byte>>();
  for (const std::string& name : names) {
    const path file = locate({root, root / "cifar-10-batches-bin"}, {name},
                             "; the binary version (cifar-10-binary.tar.gz) is needed");
    const std::vector<std::byte> bytes = read_records(file);
    records->insert(records->end(), bytes.begin(), bytes.end());
  }
  return {.name = "CIFAR10 at " + root.string(),
          .inputs = {""},
          .size = static_cast<std::int64_t>(records->size()) / record_bytes,
          .sample = [records](std::int64_t index) {
            return read_record(std::span<const std::byte>(*records).subspan(
                static_cast<std::size_t>(index * record_bytes), record_bytes));
          }};
}

}  // namespace ampd::data
