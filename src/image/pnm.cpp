#include "image/pnm.hpp"

#include "ampd/error.hpp"
#include "image/image.hpp"

namespace ampd::image {
namespace {

constexpr std::uint32_t sample_limit = 65535;
constexpr std::uint32_t number_limit = 1U << 30;

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::size_t rest() const { return bytes_.size() - at_; }

  std::uint32_t byte() {
    if (rest() == 0) refuse("it is cut short");
    return std::to_integer<std::uint32_t>(bytes_[at_++]);
  }

  /// A number of digits, with the one space behind it.
  std::uint32_t number() {
    std::uint32_t value = 0;
    std::uint32_t next = after_space();
    do {
      if (next < '0' || next > '9') refuse("it has another character where a number must stand");
      value = value * 10 + (next - '0');
      if (value > number_limit) refuse("one of its numbers is too large");
      next = rest() == 0 ? ' ' : byte();
    } while (!is_space(next));
    return value;
  }

  /// 0 or 1, which need no space between them.
  std::uint32_t bit() {
    const std::uint32_t found = after_space();
    if (found != '0' && found != '1') refuse("one of its bits is neither 0 nor 1");
    return found - '0';
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::invalid, name_ + " is not a valid PNM image: " + why);
  }

 private:
  static bool is_space(std::uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  std::uint32_t after_space() {
    for (;;) {
      std::uint32_t next = byte();
      if (next == '#') {
        while (next != '\n') next = byte();
      }
      if (!is_space(next)) return next;
    }
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
};

/// What the digit of the signature says, and the numbers that follow it.
struct Header {
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t channels = 1;
  std::uint32_t sample_max = 1;
  bool is_bitmap = false;  // 1 is black
  bool is_text = false;
};

Header read_header(Reader& reader) {
  reader.byte();
  const std::uint32_t kind = reader.byte() - '0';
  Header header;
  header.is_text = kind <= 3;
  header.is_bitmap = kind % 3 == 1;
  header.channels = kind % 3 == 0 ? 3 : 1;
  header.width = reader.number();
  header.height = reader.number();
  if (!header.is_bitmap) header.sample_max = reader.number();
  if (header.sample_max < 1 || header.sample_max > sample_limit) {
    reader.refuse("its greatest value is " + std::to_string(header.sample_max));
  }
  return header;
}

/// The fewest bytes that a row's samples take.
std::size_t row_bytes(const Header& header) {
  const std::size_t samples = header.width * header.channels;
  if (header.is_bitmap) return header.is_text ? samples : (samples + 7) / 8;
  return samples * (header.sample_max > 255 && !header.is_text ? 2 : 1);
}

class Row {
 public:
  Row(Reader& reader, const Header& header) : reader_(reader), header_(header) {}

  std::uint8_t sample() {
    if (header_.is_bitmap) return bit() != 0 ? 0 : 255;
    std::uint32_t value = header_.is_text ? reader_.number() : reader_.byte();
    if (!header_.is_text && header_.sample_max > 255) value = value << 8 | reader_.byte();
    if (value > header_.sample_max) reader_.refuse("a sample is beyond the greatest value");
    if (header_.sample_max == sample_limit) return static_cast<std::uint8_t>(value >> 8);
    return static_cast<std::uint8_t>((value * 255 + header_.sample_max / 2) / header_.sample_max);
  }

 private:
  std::uint32_t bit() {
    if (header_.is_text) return reader_.bit();
    if (bits_left_ == 0) {
      bits_ = reader_.byte();
      bits_left_ = 8;
    }
    return (bits_ >> --bits_left_) & 1;
  }

  Reader& reader_;
  const Header& header_;
  std::uint32_t bits_ = 0;
  unsigned bits_left_ = 0;
};

}  // namespace

tensor::Tensor decode_pnm(std::span<const std::byte> bytes, const std::string& name) {
  Reader reader(bytes, name);
  const Header header = read_header(reader);
  tensor::Tensor image = blank(static_cast<std::int64_t>(header.height),
                               static_cast<std::int64_t>(header.width), name);
  if (reader.rest() / header.height < row_bytes(header)) reader.refuse("it is cut short");
  std::uint8_t* rgb = image.mutable_values<std::uint8_t>().data();
  for (std::size_t y = 0; y < header.height; ++y) {
    Row row(reader, header);
    for (std::size_t x = 0; x < header.width; ++x) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        *rgb = channel == 0 || header.channels == 3 ? row.sample() : rgb[-1];
        ++rgb;
      }
    }
  }
  return image;
}

}  // namespace ampd::image
