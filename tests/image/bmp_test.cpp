#include "image/bmp.hpp"

#include <doctest/doctest.h>

#include "damage.hpp"

using namespace ampd;

namespace {

struct Bitmap {
  std::int32_t width = 2;
  std::int32_t height = 2;  // below zero: the upper row first
  std::uint32_t bits = 24;
  std::vector<std::uint8_t> palette = {};
  std::vector<std::uint8_t> rows = {};
  std::uint32_t compression = 0;

  std::string bytes() const {
    std::string text = "BM";
    const auto put = [&text](std::uint32_t value, int size) {
      for (int i = 0; i < size; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 255));
    };
    const auto pixels_at = static_cast<std::uint32_t>(54 + palette.size());
    for (const std::uint32_t value : {0U, 0U, pixels_at, 40U}) put(value, 4);
    put(static_cast<std::uint32_t>(width), 4);
    put(static_cast<std::uint32_t>(height), 4);
    put(1, 2);
    put(bits, 2);
    for (const std::uint32_t value : {compression, 0U, 0U, 0U}) put(value, 4);
    put(static_cast<std::uint32_t>(palette.size() / 4), 4);
    put(0, 4);
    text.append(palette.begin(), palette.end());
    return text.append(rows.begin(), rows.end());
  }
};

std::vector<int> pixels(const Bitmap& bitmap) {
  const tensor::Tensor image = image::decode_bmp(as_span(bitmap.bytes()), "a.bmp");
  return {image.values<std::uint8_t>().begin(), image.values<std::uint8_t>().end()};
}

const std::vector<int> four{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

}  // namespace

TEST_CASE("BMP images of whole colours are read from the lowest row or from the highest") {
  CHECK(pixels({.rows = {9, 8, 7, 12, 11, 10, 0, 0, 3, 2, 1, 6, 5, 4, 0, 0}}) == four);
  CHECK(pixels({.height = -2, .rows = {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0}}) ==
        four);
  CHECK(pixels({.bits = 32, .rows = {9, 8, 7, 99, 12, 11, 10, 99, 3, 2, 1, 99, 6, 5, 4, 99}}) ==
        four);
}

TEST_CASE("BMP images of palettes are read") {
  const std::vector<std::uint8_t> palette{3, 2, 1, 0, 6, 5, 4, 0};
  const std::vector<int> both{1, 2, 3, 4, 5, 6};
  CHECK(pixels({.height = 1, .bits = 8, .palette = palette, .rows = {0, 1, 0, 0}}) == both);
  CHECK(pixels({.height = 1, .bits = 4, .palette = palette, .rows = {0x01, 0, 0, 0}}) == both);
  CHECK(pixels({.height = 1, .bits = 1, .palette = palette, .rows = {0x40, 0, 0, 0}}) == both);
  CHECK(error_of([&] {
          pixels({.height = 1, .bits = 8, .palette = palette, .rows = {0, 2, 0, 0}});
        }) == "a.bmp is not a valid BMP image: its palette lacks a colour");
}

TEST_CASE("other BMP images are refused") {
  CHECK(error_of([] { pixels({.compression = 1}); }) ==
        "a.bmp is a BMP image of a kind that ampd does not decode; make it a PNG");
  CHECK(error_of([] { pixels({.bits = 5}); }) ==
        "a.bmp is not a valid BMP image: its pixels have 5 bits");
  CHECK(error_of([] { pixels({.width = 1 << 30}); }).find("beyond the limit") != std::string::npos);
}

TEST_CASE("a damaged BMP image gives an error or pixels, never a crash") {
  const auto read = [](const std::string& bytes) {
    return image::decode_bmp(as_span(bytes), "a.bmp");
  };
  const Bitmap whole{.rows = {9, 8, 7, 12, 11, 10, 0, 0, 3, 2, 1, 6, 5, 4, 0, 0}};
  const Bitmap indexed{.height = 1, .bits = 8, .palette = {3, 2, 1, 0}, .rows = {0, 0, 0, 0}};
  for (const std::string& bytes : {whole.bytes(), indexed.bytes()}) {
    check_every_prefix_is_refused(bytes, read);
    check_every_byte_may_be_damaged(bytes, read);
  }
}
