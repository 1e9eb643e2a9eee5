#include "base/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "ampd/error.hpp"

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
  using limits = std::numeric_limits<double>;
  for (const double value : {0.0, 0.1, 0.8171, -1.0 / 3, limits::min(), limits::denorm_min(),
                             limits::max(), limits::infinity(), -limits::infinity()}) {
    const std::string text = real_to_json(value).dump();
    CHECK(real_from_json(parse_json(text, "it", 100), "x") == value);
  }
  CHECK(std::isnan(real_from_json(real_to_json(limits::quiet_NaN()), "x")));
}

TEST_CASE("what is no real number is refused by the field's name") {
  for (const char* text : {R"("1")", "null", "[]", R"("0x3ff0000000000000")",
                           R"("0x7ff000000000000g")", R"("0x7ff000000000000")"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(real_from_json(parse_json(text, "it", 100), "accuracy"),
                         doctest::Contains("the field \"accuracy\" must be a number"), Error);
  }
}
