#include "data/resize.hpp"

#include <doctest/doctest.h>

#include "data/transpose.hpp"

using namespace ampd::data;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;

namespace {

/// 4 x 6 pixels: (37 i + 11) mod 256.
Tensor picture() {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 24; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 37 + 11));
  return Tensor::of<std::uint8_t>({4, 6, 1}, pixels);
}

std::vector<int> bytes_of(const Tensor& image) {
  return {image.values<std::uint8_t>().begin(), image.values<std::uint8_t>().end()};
}

void check_close(const Tensor& image, const std::vector<float>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(std::abs(image.values<float>()[i] - expected[i]) < 1e-6F);
  }
}

struct Case {
  Interpolation interpolation;
  std::int64_t height;
  std::int64_t width;
  std::vector<int> pixels;
};

}  // namespace

TEST_CASE("bytes are resized to the values that OpenCV 4.6 gives") {
  const std::vector<Case> cases{
      {Interpolation::nearest, 3, 4, {11, 48, 122, 159, 233, 14, 88, 125, 199, 236, 54, 91}},
      {Interpolation::bilinear, 3, 4, {46, 70, 125, 181, 193, 57, 80, 136, 180, 203, 35, 90}},
      {Interpolation::bilinear, 5, 7, {11,  40,  72,  103, 135, 167, 196, 166, 55,  48,  80,  111,
                                       143, 172, 216, 144, 66,  53,  84,  116, 145, 189, 218, 134,
                                       64,  57,  89,  118, 165, 194, 226, 129, 33,  65,  94}},
      {Interpolation::bilinear, 2, 3, {77, 87, 161, 201, 83, 93}},
      {Interpolation::bicubic, 3, 4, {41, 67, 129, 185, 218, 26, 85, 138, 179, 228, 12, 91}},
      {Interpolation::area, 3, 4, {58, 64, 126, 175, 186, 64, 83, 133, 186, 193, 41, 90}},
      {Interpolation::area, 2, 3, {77, 87, 161, 201, 83, 93}},
      {Interpolation::area,
       5,
       3,
       {30, 104, 178, 100, 78, 152, 171, 53, 127, 209, 59, 101, 184, 130, 76}}};
  for (const auto& [interpolation, height, width, expected] : cases) {
    CAPTURE(height);
    CAPTURE(width);
    CHECK(bytes_of(resize(picture(), 2, height, width, interpolation)) == expected);
  }
}

TEST_CASE("floats are resized to the values that OpenCV 4.6 gives") {
  Tensor image = convert(picture(), DType::f32);
  for (float& value : image.mutable_values<float>()) value /= 255.0F;
  check_close(resize(image, 2, 3, 4, Interpolation::bilinear),
              {0.18267976F, 0.2748366F, 0.49248368F, 0.71013069F, 0.75784314F, 0.22254902F,
               0.31470591F, 0.53235292F, 0.70555556F, 0.79771239F, 0.13692811F, 0.35457522F});
  check_close(resize(image, 2, 3, 4, Interpolation::bicubic),
              {0.16096535F, 0.26380941F, 0.50468636F, 0.72403383F, 0.85485601F, 0.10030639F,
               0.33143383F, 0.54085481F, 0.70127934F, 0.89480996F, 0.047642052F, 0.35767579F});
}

TEST_CASE("channels first and channels last are resized alike") {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 5 * 7 * 3; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 89));
  const Tensor last = Tensor::of<std::uint8_t>({5, 7, 3}, pixels);
  const Tensor first = transpose(last, {2, 0, 1});
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::bilinear,
                                            Interpolation::bicubic, Interpolation::area}) {
    const Tensor resized = resize(first, 0, 4, 9, interpolation);
    CHECK(resized.shape() == Shape{3, 4, 9});
    CHECK(bytes_of(transpose(resized, {1, 2, 0})) ==
          bytes_of(resize(last, 2, 4, 9, interpolation)));
  }
}

TEST_CASE("an image resized to its own size stays as it is") {
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::bilinear,
                                            Interpolation::bicubic, Interpolation::area}) {
    CHECK(bytes_of(resize(picture(), 2, 4, 6, interpolation)) == bytes_of(picture()));
  }
}

TEST_CASE("a single pixel fills any size") {
  const Tensor pixel = Tensor::of<std::uint8_t>({1, 1, 3}, {1, 128, 255});
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::bilinear,
                                            Interpolation::bicubic, Interpolation::area}) {
    const Tensor resized = resize(pixel, 2, 2, 3, interpolation);
    CHECK(bytes_of(resized) == std::vector<int>{1, 128, 255, 1, 128, 255, 1, 128, 255, 1, 128, 255,
                                                1, 128, 255, 1, 128, 255});
  }
}
