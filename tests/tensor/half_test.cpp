#include "tensor/half.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ampd::tensor;

TEST_CASE("every 16-bit pattern survives the way through float") {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    const float wide = from_float16(pattern);
    if (!std::isnan(wide)) REQUIRE(to_float16(wide) == pattern);
    const float brain = from_bfloat16(pattern);
    if (!std::isnan(brain)) REQUIRE(to_bfloat16(brain) == pattern);
  }
}

TEST_CASE("rounding is to the nearest, ties to even") {
  CHECK(from_bfloat16(to_bfloat16(1.00390625F)) == 1.0F);
  CHECK(from_bfloat16(to_bfloat16(1.01171875F)) == 1.015625F);
  CHECK(from_float16(to_float16(1.00048828125F)) == 1.0F);
  CHECK(from_float16(to_float16(65519.0F)) == 65504.0F);
  CHECK(std::isinf(from_float16(to_float16(65520.0F))));
  CHECK(from_float16(to_float16(2.9802322387695312e-08F)) == 0.0F);
}

TEST_CASE("NaN stays NaN") {
  CHECK(std::isnan(from_bfloat16(to_bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(std::isnan(from_float16(to_float16(std::numeric_limits<float>::quiet_NaN()))));
}
