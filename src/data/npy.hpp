// NumPy's .npy format: one array as bytes.
//
// Files are hostile input: every count is checked against the bytes that are there before memory is
// taken for it. Arrays come out row-major in the machine's byte order, whatever the file has.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::data {

/// One array, format versions 1 to 3. Throws Error: invalid (not such a file, damaged, bytes after
/// the array), unsupported (complex, strings, records, objects), or what reading the file gives.
tensor::Tensor read_npy(const std::filesystem::path& path);

/// The same from memory; `name` stands for the file in the error's sentence.
tensor::Tensor read_npy(std::span<const std::byte> bytes, const std::string& name);

/// The bytes of a .npy file of version 1. bfloat16, which NumPy lacks, is written as float32.
std::string write_npy(const tensor::Tensor& tensor);

/// What stands before the elements of a .npy file.
struct NpyHeader {
  tensor::DType dtype = tensor::DType::f32;
  tensor::Shape shape;
  bool is_swapped = false;  // elements in the other byte order
  bool is_fortran = false;  // the first axis runs fastest
  std::int64_t size_bytes = 0;

  /// No valid header is longer.
  static constexpr std::int64_t size_bytes_max = (64 << 10) + 12;
};

/// Reads the header from a file's first bytes. Throws what read_npy throws.
NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& name);

/// Throws Error(invalid) unless a file of so many bytes holds exactly the header and its elements.
void check_size(const NpyHeader& header, std::int64_t file_bytes, const std::string& name);

/// Brings elements as they are stored into the machine's byte order, row-major.
tensor::Tensor normalised(tensor::Tensor stored, const NpyHeader& header);

}  // namespace ampd::data
