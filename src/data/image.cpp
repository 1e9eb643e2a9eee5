#include "data/image.hpp"

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "data/jpeg.hpp"
#include "data/png.hpp"

namespace ampd::data {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::string_view signature) {
  return bytes.size() >= signature.size() &&
         std::string_view(reinterpret_cast<const char*>(bytes.data()), signature.size()) ==
             signature;
}

}  // namespace

tensor::Tensor decode_image(std::span<const std::byte> bytes, const std::string& name) {
  if (starts_with(bytes, "\xff\xd8\xff")) return decode_jpeg(bytes, name);
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, name);
  throw Error(ErrorCode::unsupported, name + " is neither a JPEG nor a PNG image");
}

tensor::Tensor read_image(const std::filesystem::path& path) {
  return decode_image(base::read_file(path, base::limits::image_file_bytes), path.string());
}

tensor::Tensor image_tensor(std::int64_t height, std::int64_t width, const std::string& name) {
  if (height < 1 || width < 1 || height > base::limits::image_pixels / width) {
    throw Error(ErrorCode::exhausted, name + " has " + std::to_string(width) + "x" +
                                          std::to_string(height) + " pixels, beyond the limit of " +
                                          std::to_string(base::limits::image_pixels));
  }
  return {tensor::DType::u8, {height, width, 3}};
}

}  // namespace ampd::data
