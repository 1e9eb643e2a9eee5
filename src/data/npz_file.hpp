// An .npz archive in memory: arrays by name in a zip file, stored or deflated.
//
// The archive is hostile input. An entry's size is believed only as far as its compressed bytes can
// hold it, and its checksum must be right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/tensor.hpp"

namespace ampd::data {

class NpzFile {
 public:
  /// Throws Error(invalid) for what is not a zip archive, or what reading the file gives.
  explicit NpzFile(const std::filesystem::path& path);

  /// The arrays, without ".npy", in the order of their names.
  std::vector<std::string> names() const;

  /// Throws Error: not_found naming the arrays there are, unsupported (encrypted, another
  /// compression), or what read_npy throws.
  tensor::Tensor read(const std::string& name) const;

 private:
  struct Entry {
    int flags = 0;
    int method = 0;
    std::uint32_t checksum = 0;
    std::uint64_t compressed_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t offset_bytes = 0;  // of the local header
  };

  std::vector<std::byte> content(const Entry& entry, const std::string& place) const;

  std::string name_;
  std::vector<std::byte> bytes_;
  std::map<std::string, Entry> entries_;
};

}  // namespace ampd::data
