#include "image/bmp.hpp"

#include "ampd/error.hpp"
#include "image/image.hpp"

namespace ampd::image {
namespace {

constexpr std::size_t file_header_bytes = 14;
constexpr std::size_t info_header_bytes_min = 40;

class Bytes {
 public:
  Bytes(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::uint32_t number(std::size_t at, std::size_t size) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint32_t{byte(at + i)} << (8 * i);
    return value;
  }
  std::uint8_t byte(std::size_t at) const {
    require(at, 1);
    return std::to_integer<std::uint8_t>(bytes_[at]);
  }
  void require(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at) refuse("it is cut short");
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::invalid, name_ + " is not a valid BMP image: " + why);
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& name_;
};

struct Header {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::uint32_t bits = 0;  // of a pixel
  std::size_t pixels_at = 0;
  std::size_t palette_at = 0;
  std::uint32_t colors = 0;
  bool is_top_down = false;
};

Header read_header(const Bytes& bytes, const std::string& name) {
  const std::uint32_t info_bytes = bytes.number(file_header_bytes, 4);
  const std::uint32_t compression = bytes.number(30, 4);
  Header header;
  header.bits = bytes.number(28, 2);
  if (info_bytes < info_header_bytes_min || compression != 0 || header.bits == 16) {
    throw Error(ErrorCode::unsupported,
                name + " is a BMP image of a kind that ampd does not decode; make it a PNG");
  }
  if (header.bits != 1 && header.bits != 4 && header.bits != 8 && header.bits != 24 &&
      header.bits != 32) {
    bytes.refuse("its pixels have " + std::to_string(header.bits) + " bits");
  }
  header.width = static_cast<std::int32_t>(bytes.number(18, 4));
  header.height = static_cast<std::int32_t>(bytes.number(22, 4));
  header.is_top_down = header.height < 0;
  if (header.is_top_down) header.height = -header.height;
  header.pixels_at = bytes.number(10, 4);
  header.palette_at = file_header_bytes + info_bytes;
  const std::uint32_t colors = bytes.number(46, 4);
  header.colors = colors == 0 && header.bits <= 8 ? 1U << header.bits : colors;
  return header;
}

}  // namespace

tensor::Tensor decode_bmp(std::span<const std::byte> input, const std::string& name) {
  const Bytes bytes(input, name);
  const Header header = read_header(bytes, name);
  tensor::Tensor image = blank(header.height, header.width, name);
  const auto height = static_cast<std::size_t>(header.height);
  const auto width = static_cast<std::size_t>(header.width);
  const std::size_t row_bytes = (width * header.bits + 31) / 32 * 4;
  bytes.require(header.pixels_at, height * row_bytes);
  std::uint8_t* rgb = image.mutable_values<std::uint8_t>().data();
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t row =
        header.pixels_at + (header.is_top_down ? y : height - 1 - y) * row_bytes;
    for (std::size_t x = 0; x < width; ++x) {
      std::size_t blue = row + x * header.bits / 8;
      if (header.bits <= 8) {
        const unsigned shift = 8 - header.bits - x * header.bits % 8;
        const unsigned color = (bytes.byte(blue) >> shift) & ((1U << header.bits) - 1);
        if (color >= header.colors) bytes.refuse("its palette lacks a colour");
        blue = header.palette_at + 4 * std::size_t{color};
      }
      for (const std::size_t channel : {2, 1, 0}) *rgb++ = bytes.byte(blue + channel);
    }
  }
  return image;
}

}  // namespace ampd::image
