// The files beside a model that hold its large tensors, opened only inside the model's folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.hpp"

namespace ampd::graph {

/// Where one tensor's bytes lie; without a length they are as many as the tensor needs.
struct ExternalRange {
  std::string location;  // relative to the model's folder
  std::int64_t offset_bytes = 0;
  std::optional<std::int64_t> length_bytes;
};

/// Opens each file once. A path that is absolute, has a `..` or passes through a symbolic link is
/// refused, so nothing outside the folder can be read.
class ExternalData {
 public:
  explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Fills `target` from the range. Throws Error: denied or not_found for a bad location, invalid
  /// when the range does not fit the file or the tensor; `tensor_name` stands in the sentence.
  void read(const ExternalRange& range, const std::string& tensor_name,
            std::span<std::byte> target);

  /// The locations of the files that were read, in order.
  std::vector<std::string> locations() const;

 private:
  int open(const std::string& location, const std::string& tensor_name);

  std::filesystem::path folder_;
  std::map<std::string, base::FileDescriptor> files_;
};

}  // namespace ampd::graph
