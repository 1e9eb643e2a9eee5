// An open .npy file of which single rows, along the first axis, are read when they are asked for.
//
// Memory holds no copy of the array, unless the file is in Fortran order. A file that shrinks while
// it is open gives an error, not a crash. May be used from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/files.hpp"
#include "data/npy.hpp"
#include "tensor/tensor.hpp"

namespace ampd::data {

class NpyFile {
 public:
  /// Throws what read_npy throws.
  explicit NpyFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  tensor::DType dtype() const { return header_.dtype; }
  const tensor::Shape& shape() const { return header_.shape; }

  tensor::Tensor read() const;

  /// One row of an array that has an axis. Throws Error(io) when the file has become shorter.
  tensor::Tensor row(std::int64_t index) const;

 private:
  tensor::Tensor read_at(std::int64_t offset_bytes, tensor::Shape shape) const;

  std::string name_;
  base::FileDescriptor file_;
  NpyHeader header_;
  std::optional<tensor::Tensor> whole_;  // of a file in Fortran order
};

/// Row `index` of an array, as a copy.
tensor::Tensor row_of(const tensor::Tensor& array, std::int64_t index);

}  // namespace ampd::data
