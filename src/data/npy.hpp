// NumPy's array files: one array (.npy), or several by name in a zip archive (.npz).
//
// Files are hostile input: every count is checked against the bytes that are there before memory is
// taken for it. Arrays come out row-major in the machine's byte order, whatever the file has.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "base/files.hpp"
#include "tensor/tensor.hpp"

namespace ampd::data {

/// One array, format versions 1 to 3. Throws Error: invalid (not such a file, damaged, bytes after
/// the array), unsupported (complex, strings, records, objects), or what reading the file gives.
tensor::Tensor read_npy(const std::filesystem::path& path);

/// The same from memory; `name` stands for the file in the error's sentence.
tensor::Tensor read_npy(std::span<const std::byte> bytes, const std::string& name);

/// The bytes of a .npy file of version 1. bfloat16, which NumPy lacks, is written as float32.
std::string write_npy(const tensor::Tensor& tensor);

/// The arrays of a .npz archive (stored or deflated) by name, without ".npy".
std::map<std::string, tensor::Tensor> read_npz(const std::filesystem::path& path);

/// An open .npy file of which single rows, along the first axis, are read when they are asked for.
///
/// Memory holds no copy of the array, unless the file is in Fortran order. May be used from any
/// thread.
class NpyFile {
 public:
  /// Throws what read_npy throws, and Error(invalid) for an array without axes.
  explicit NpyFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  tensor::DType dtype() const { return dtype_; }
  std::int64_t rows() const { return shape_.front(); }
  tensor::Shape row_shape() const { return {shape_.begin() + 1, shape_.end()}; }

  /// Throws Error(io or invalid) when the file has changed so that the row cannot be read.
  tensor::Tensor row(std::int64_t index) const;

 private:
  std::string name_;
  tensor::DType dtype_ = tensor::DType::f32;
  tensor::Shape shape_;
  bool swapped_ = false;
  std::int64_t offset_bytes_ = 0;
  base::FileDescriptor file_;
  tensor::Tensor whole_;  // in use when the file is in Fortran order
};

}  // namespace ampd::data
