#include "image/image.hpp"

#include "image/image_writer.hpp"
#include "one_node.hpp"

using namespace one_node;

namespace {

Tensor bytes_of(const std::string& file) {
  return tensor<std::uint8_t>({std::ssize(file)}, {file.begin(), file.end()});
}

void check_decoded(const std::string& file, const char* format, const Tensor& expected) {
  check("ImageDecoder", {bytes_of(file)}, expected, {{"pixel_format", std::string(format)}});
}

std::string failure_of(const std::string& file, const std::string& format = "RGB") {
  return failure("ImageDecoder", {bytes_of(file)}, {{"pixel_format", format}});
}

}  // namespace

TEST_CASE("a PNG file becomes its pixels in the format that is asked for") {
  const std::string png = png_of({1, 2, 3, {1, 2, 3, 40, 50, 250}}, PNG_COLOR_TYPE_RGB);
  check("ImageDecoder", {bytes_of(png)}, tensor<std::uint8_t>({1, 2, 3}, {1, 2, 3, 40, 50, 250}));
  check_decoded(png, "RGB", tensor<std::uint8_t>({1, 2, 3}, {1, 2, 3, 40, 50, 250}));
  check_decoded(png, "BGR", tensor<std::uint8_t>({1, 2, 3}, {3, 2, 1, 250, 50, 40}));
  // 0.299 R + 0.587 G + 0.114 B: 1.815 and 69.81
  check_decoded(png, "Grayscale", tensor<std::uint8_t>({1, 2, 1}, {2, 70}));
}

TEST_CASE("a JPEG file becomes what libjpeg makes of it") {
  const std::string jpeg = jpeg_of(Picture::gradient(20, 33));
  const Tensor file = bytes_of(jpeg);
  const Tensor pixels = decoded_by_libjpeg(jpeg);
  REQUIRE(pixels.shape() == Shape{20, 33, 3});
  check_decoded(jpeg, "RGB", pixels);
}

TEST_CASE("a file that cannot be decoded is refused with the node's name") {
  const std::string png = png_of(Picture::gradient(4, 4), PNG_COLOR_TYPE_RGB);
  CHECK(failure_of(png.substr(0, 60)) ==
        "the input of the node it (ImageDecoder) is not a valid PNG image: it is cut short");
  CHECK(failure_of(std::string("II*\0rest", 8)) ==
        "the input of the node it (ImageDecoder) is a TIFF image, which ampd does not decode; make "
        "it a PNG");
  CHECK(failure_of("what is this") ==
        "the input of the node it (ImageDecoder) is neither a JPEG, PNG, BMP nor PNM image");
  CHECK(failure_of(png, "YUV") ==
        "the node it (ImageDecoder) has the pixel_format YUV; RGB, BGR and Grayscale are known");
  CHECK(failure("ImageDecoder", {vec({1, 2})}) ==
        "the node it (ImageDecoder) needs the bytes of a file as a list of uint8");
}
