#include "image/pnm.hpp"

#include <doctest/doctest.h>

#include "damage.hpp"

using namespace ampd;
using namespace std::string_literals;

namespace {

tensor::Tensor decode(const std::string& bytes) {
  return image::decode_pnm(as_span(bytes), "a.pnm");
}

std::vector<int> pixels(const std::string& bytes) {
  const tensor::Tensor image = decode(bytes);
  return {image.values<std::uint8_t>().begin(), image.values<std::uint8_t>().end()};
}

const std::vector<int> black_white{0, 0, 0, 255, 255, 255};
const std::vector<int> greys{7, 7, 7, 200, 200, 200};
const std::vector<int> colours{1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("PNM images as text are read") {
  CHECK(pixels("P1\n# two\n2 1\n10\n") == black_white);
  CHECK(pixels("P2 2 1 255 7\n200") == greys);
  CHECK(pixels("P3\n2 # wide\n1\n255\n1 2 3  4 5 6\n") == colours);
}

TEST_CASE("PNM images as bytes are read") {
  CHECK(pixels("P4\n2 1\n\x80") == black_white);
  CHECK(pixels("P5\n2 1\n255\n\x07\xc8") == greys);
  CHECK(pixels("P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06") == colours);
  CHECK(decode("P6\n1 2\n255\n\x01\x02\x03\x04\x05\x06").shape() == tensor::Shape{2, 1, 3});
  CHECK(pixels("P4\n1 2\n\x80\0"s) == black_white);
}

TEST_CASE("samples of a PNM image of another range are scaled to bytes") {
  CHECK(pixels("P2 3 1 3 0 1 3") == std::vector<int>{0, 0, 0, 85, 85, 85, 255, 255, 255});
  CHECK(pixels("P5 2 1 65535 \x07\xff\xc8\0"s) == greys);
}

TEST_CASE("a damaged PNM image gives an error or pixels, never a crash") {
  for (const std::string& bytes :
       {"P4\n2 1\n\x80"s, "P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06"s, "P3 1 1 9 1 2 3"s}) {
    check_every_prefix_is_refused(bytes, decode);
    check_every_byte_may_be_damaged(bytes, decode);
  }
  const auto refusal = [](const std::string& bytes) { return error_of([&] { decode(bytes); }); };
  CHECK(refusal("P2 1 1 9 10") ==
        "a.pnm is not a valid PNM image: a sample is beyond the greatest value");
  CHECK(refusal("P5 1 1 0 x") == "a.pnm is not a valid PNM image: its greatest value is 0");
  CHECK(refusal("P5 100000 100000 255 x").find("beyond the limit") != std::string::npos);
  CHECK(refusal("P1 1 1 2") ==
        "a.pnm is not a valid PNM image: one of its bits is neither 0 nor 1");
}
