#include "image/image.hpp"

#include <array>
#include <string_view>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "image/bmp.hpp"
#include "image/jpeg.hpp"
#include "image/png.hpp"
#include "image/pnm.hpp"

namespace ampd::image {
namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view signature;
  std::string_view name;
  tensor::Tensor (*decode)(std::span<const std::byte> bytes, const std::string& name) = nullptr;
};

constexpr std::array formats{
    Format{"\xff\xd8\xff", "JPEG", decode_jpeg},
    Format{"\x89PNG\r\n\x1a\n", "PNG", decode_png},
    Format{"BM", "BMP", decode_bmp},
    Format{"P1", "PNM", decode_pnm},
    Format{"P2", "PNM", decode_pnm},
    Format{"P3", "PNM", decode_pnm},
    Format{"P4", "PNM", decode_pnm},
    Format{"P5", "PNM", decode_pnm},
    Format{"P6", "PNM", decode_pnm},
    Format{"II*\0"sv, "TIFF"},
    Format{"MM\0*"sv, "TIFF"},
    Format{"RIFF", "WebP"},
    Format{"\0\0\0\x0cjP  "sv, "JPEG 2000"},
    Format{"\xff\x4f\xff\x51", "JPEG 2000"},
    Format{"GIF8", "GIF"},
};

}  // namespace

tensor::Tensor decode(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Format& format : formats) {
    if (!text.starts_with(format.signature)) continue;
    if (format.decode != nullptr) return format.decode(bytes, name);
    throw Error(ErrorCode::unsupported, name + " is a " + std::string(format.name) +
                                            " image, which ampd does not decode; make it a PNG");
  }
  throw Error(ErrorCode::unsupported, name + " is neither a JPEG, PNG, BMP nor PNM image");
}

tensor::Tensor read(const std::filesystem::path& path) {
  return decode(base::read_file(path, base::limits::image_file_bytes), path.string());
}

tensor::Tensor blank(std::int64_t height, std::int64_t width, const std::string& name) {
  if (height < 1 || width < 1 || height > base::limits::image_pixels / width) {
    throw Error(ErrorCode::exhausted, name + " has " + std::to_string(width) + "x" +
                                          std::to_string(height) + " pixels, beyond the limit of " +
                                          std::to_string(base::limits::image_pixels));
  }
  return {tensor::DType::u8, {height, width, 3}};
}

}  // namespace ampd::image
