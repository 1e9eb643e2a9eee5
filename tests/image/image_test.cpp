#include "image/image.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "damage.hpp"
#include "image/image_writer.hpp"

using ampd::tensor::Shape;
using ampd::tensor::Tensor;

namespace {

Tensor decode(const std::string& bytes) {
  return ampd::image::decode(as_span(bytes), "a.jpg");
}

std::vector<int> pixels(const std::string& bytes) {
  const Tensor image = decode(bytes);
  return {image.values<std::uint8_t>().begin(), image.values<std::uint8_t>().end()};
}

/// The scan of a progressive JPEG image that refines the blocks' means, which may be repeated.
std::string refinement_of_means(const std::string& bytes) {
  for (std::size_t at = bytes.find("\xff\xda"); at != std::string::npos;
       at = bytes.find("\xff\xda", at + 1)) {
    const std::size_t band = at + 5 + 2 * static_cast<std::size_t>(bytes[at + 4]);
    if (bytes.compare(band, 3, std::string("\0\0\x10", 3)) != 0) continue;
    std::size_t end = band + 3;
    while (bytes[end] != '\xff' || bytes[end + 1] == 0) ++end;
    return bytes.substr(at, end - at);
  }
  FAIL("there is no such scan");
  return {};
}

int greatest_difference(const Tensor& image, const std::vector<std::uint8_t>& expected) {
  int greatest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    greatest = std::max(greatest, std::abs(image.values<std::uint8_t>()[i] - expected[i]));
  }
  return greatest;
}

}  // namespace

TEST_CASE("JPEG images come out as height x width x RGB") {
  const Picture picture = Picture::gradient(20, 33);
  for (const bool is_progressive : {false, true}) {
    const Tensor image = decode(jpeg_of(picture, is_progressive));
    CHECK(image.shape() == Shape{20, 33, 3});
    CHECK(greatest_difference(image, picture.pixels) <= 6);
  }
}

TEST_CASE("grey and CMYK JPEG images become RGB") {
  const Picture grey = Picture::gradient(8, 8, 1);
  const Tensor image = decode(jpeg_of(grey));
  CHECK(image.shape() == Shape{8, 8, 3});
  CHECK(image.values<std::uint8_t>()[0] == image.values<std::uint8_t>()[2]);

  Picture cmyk{8, 8, 4, {}};
  for (int i = 0; i < 64; ++i) cmyk.pixels.insert(cmyk.pixels.end(), {255, 128, 0, 128});
  const Tensor converted = decode(jpeg_of(cmyk));
  const std::vector<int> expected{128, 64, 0};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    CHECK(std::abs(converted.values<std::uint8_t>()[channel] - expected[channel]) <= 2);
  }
}

TEST_CASE("PNG images of every kind become RGB of bytes") {
  CHECK(pixels(png_of({1, 2, 3, {1, 2, 3, 4, 5, 6}}, PNG_COLOR_TYPE_RGB)) ==
        std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK(pixels(png_of({1, 2, 4, {1, 2, 3, 0, 4, 5, 6, 255}}, PNG_COLOR_TYPE_RGB_ALPHA)) ==
        std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK(pixels(png_of({1, 2, 1, {7, 200}}, PNG_COLOR_TYPE_GRAY)) ==
        std::vector<int>{7, 7, 7, 200, 200, 200});
  CHECK(pixels(png_of({1, 2, 2, {7, 9, 200, 9}}, PNG_COLOR_TYPE_GRAY_ALPHA)) ==
        std::vector<int>{7, 7, 7, 200, 200, 200});
  CHECK(pixels(png_of({1, 1, 6, {1, 99, 2, 99, 3, 99}}, PNG_COLOR_TYPE_RGB, 16)) ==
        std::vector<int>{1, 2, 3});
  CHECK(pixels(png_of({1, 2, 1, {1, 0}}, PNG_COLOR_TYPE_PALETTE)) ==
        std::vector<int>{40, 50, 60, 10, 20, 30});
  CHECK(pixels(png_of({1, 8, 1, {0x80}}, PNG_COLOR_TYPE_GRAY, 1)).front() == 255);
}

TEST_CASE("interlaced PNG images are read") {
  const Picture picture = Picture::gradient(9, 11);
  const Tensor image = decode(png_of(picture, PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_ADAM7));
  CHECK(greatest_difference(image, picture.pixels) == 0);
}

TEST_CASE("a JPEG image that repeats its scans without end is refused") {
  const std::string bytes = jpeg_of(Picture::gradient(9, 11), true);
  const std::string scan = refinement_of_means(bytes);
  const std::size_t at = bytes.find(scan);
  const auto repeated = [&](int times) {
    std::string result = bytes;
    for (int i = 0; i < times; ++i) result.insert(at, scan);
    return result;
  };
  CHECK(decode(repeated(50)).shape() == Shape{9, 11, 3});
  CHECK(error_of([&] { decode(repeated(200)); }).find("too many scans") != std::string::npos);
}

TEST_CASE("a damaged image gives an error or pixels, never a crash") {
  const Picture picture = Picture::gradient(9, 11);
  for (const std::string& bytes :
       {jpeg_of(picture), jpeg_of(picture, true), png_of(picture, PNG_COLOR_TYPE_RGB)}) {
    check_every_prefix_is_refused(bytes, decode);
    check_every_byte_may_be_damaged(bytes, decode);
  }
}

TEST_CASE("an image beyond the limit of pixels is refused before memory is taken") {
  std::string bytes = jpeg_of(Picture::gradient(8, 8));
  const std::size_t frame = bytes.find("\xff\xc0");
  for (const std::size_t i : {5, 7}) bytes[frame + i] = '\xff';
  CHECK(error_of([&] { decode(bytes); }).find("beyond the limit") != std::string::npos);
}

TEST_CASE("images of every format that is decoded are told apart") {
  const std::vector<int> expected{7, 7, 7};
  CHECK(pixels("P5 1 1 255 \x07") == expected);
  CHECK(pixels(png_of({1, 1, 1, {7}}, PNG_COLOR_TYPE_GRAY)) == expected);
  CHECK(error_of([] { decode("BM"); }) == "a.jpg is not a valid BMP image: it is cut short");
}

TEST_CASE("what is no image, or of another format, is refused by name") {
  CHECK(error_of([] { decode("what"); }) == "a.jpg is neither a JPEG, PNG, BMP nor PNM image");
  CHECK(error_of([] { decode("GIF89a"); }) ==
        "a.jpg is a GIF image, which ampd does not decode; make it a PNG");
  CHECK(error_of([] { decode(std::string("MM\0*", 4)); }).find("a TIFF image") !=
        std::string::npos);
}
