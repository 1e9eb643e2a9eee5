// Pictures: image files as unsigned bytes in red, green, blue.
//
// Files are hostile input: they are told apart by their first bytes, their size is checked before
// memory is taken for it, and a damaged or shortened one gives an error.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace ampd::image {

/// Height x width x 3 of a JPEG, PNG, BMP or PNM file. Grey and palette images become RGB, alpha is
/// dropped, 16-bit samples lose their lower bits, colour profiles and orientation tags are not
/// applied (as Pillow does). Throws Error: invalid (damaged), unsupported (another format),
/// exhausted (limits::image_pixels); `name` begins the sentence.
tensor::Tensor decode(std::span<const std::byte> bytes, const std::string& name);

/// An image of that size to decode into. Throws Error(exhausted) naming the file.
tensor::Tensor blank(std::int64_t height, std::int64_t width, const std::string& name);

tensor::Tensor read(const std::filesystem::path& path);

}  // namespace ampd::image
