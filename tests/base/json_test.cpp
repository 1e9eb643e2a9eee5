#include "base/json.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "ampd/error.hpp"
#include "base/limits.hpp"

using namespace ampd;
using namespace ampd::base;

TEST_CASE("text that is not strict JSON is refused by its name") {
  const auto parse = [](const std::string& text) { return parse_json(text, "the text", 1000); };
  CHECK(parse(R"({"a": {"b": 1}, "b": [{"a": 1}, {"a": 2}]})")["b"][1]["a"] == 2);
  CHECK_THROWS_WITH_AS(parse(R"({"a": 1, "a": 1})"), "the text has the key \"a\" twice; leave one",
                       Error);
  CHECK_THROWS_WITH_AS(parse("{"), doctest::Contains("the text is not JSON: parse error at"),
                       Error);
  CHECK_THROWS_WITH_AS(parse(std::string(1001, ' ')),
                       "the text has 1001 bytes, more than the limit of 1000", Error);
}

TEST_CASE("JSON that is nested too deep is refused, however deep") {
  const auto parse = [](std::int64_t depth) {
    const auto count = static_cast<std::size_t>(depth);
    return parse_json(std::string(count, '[') + std::string(count, ']'), "the text", 1 << 20);
  };
  CHECK_NOTHROW(parse(limits::json_depth));
  for (const std::int64_t depth : {limits::json_depth + 2, std::int64_t{400'000}}) {
    CHECK_THROWS_WITH_AS(parse(depth), "the text is nested deeper than 32 levels", Error);
  }
}

TEST_CASE("a text that is not UTF-8 is not written") {
  CHECK(json_text({{"a", "\xc3\xa4"}}) == "{\"a\":\"\xc3\xa4\"}");
  CHECK_THROWS_WITH_AS(json_text({{"path", "\xff"}}), doctest::Contains("is not UTF-8"), Error);
}

TEST_CASE("a complaint about bytes that are not UTF-8 is itself UTF-8") {
  try {
    parse_json("\"\xff\"", "the text", 1000);
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(valid_utf8(error.what()) == error.what());
  }
  CHECK(valid_utf8("a\xff"
                   "b") ==
        "a\xef\xbf\xbd"
        "b");
}

TEST_CASE("real numbers come back bit for bit") {
  const auto survives = [](double value) {
    const double back = real_from_json(parse_json(json_text(real_to_json(value)), "it", 100), "x");
    return std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value);
  };
  using real = std::numeric_limits<double>;
  for (const double value : {0.0, -0.0, 0.1, 0.8171, -1.0 / 3, real::min(), real::denorm_min(),
                             real::max(), real::infinity(), -real::infinity(), real::quiet_NaN(),
                             -real::quiet_NaN(), std::nan("123")}) {
    CHECK(survives(value));
  }
  std::mt19937_64 random(7);
  int lost = 0;
  for (int round = 0; round < 100'000; ++round) {
    lost += survives(std::bit_cast<double>(random())) ? 0 : 1;
  }
  CHECK(lost == 0);
}

TEST_CASE("what is no real number is refused by the field's name") {
  for (const char* text : {R"("1")", "null", "[]", R"("0x3ff0000000000000")",
                           R"("0x7ff000000000000g")", R"("0x7ff000000000000")"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(real_from_json(parse_json(text, "it", 100), "accuracy"),
                         doctest::Contains("the field \"accuracy\" must be a number"), Error);
  }
}
