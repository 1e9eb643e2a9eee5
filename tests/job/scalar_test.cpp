#include "job/scalar.hpp"

#include <doctest/doctest.h>

using namespace ampd::job;
using Words = std::vector<std::string>;

TEST_CASE("an integer is decimal or hexadecimal, whole and within 64 bits") {
  CHECK(parse_integer("42") == 42);
  CHECK(parse_integer("+3") == 3);
  CHECK(parse_integer("-9223372036854775808") == INT64_MIN);
  CHECK(parse_integer("0x1f") == 31);
  CHECK(parse_integer("0") == 0);
  for (const char* text : {"", "1.0", "010", "-07", "1e3", " 1", "1 ", "9223372036854775808", "+-1",
                           "0x", "0x-1", "1_000", "one"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text));
  }
}

TEST_CASE("a number is finite and has no octal form") {
  CHECK(parse_number("0.5") == 0.5);
  CHECK(parse_number(".5") == 0.5);
  CHECK(parse_number("+1e-3") == 1e-3);
  CHECK(parse_number("7") == 7);
  for (const char* text :
       {"", "nan", "inf", "-inf", ".inf", "1,5", "0.5x", "1e999", "01", "+-0.5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text));
  }
}

TEST_CASE("a share may be given in percent") {
  CHECK(parse_share("1%") == 0.01);
  CHECK(parse_share("-0.5 %") == -0.005);
  CHECK(parse_share("0.25") == 0.25);
  for (const char* text : {"%", "1%%", "one%", ""}) CHECK_FALSE(parse_share(text));
}

TEST_CASE("booleans are YAML 1.1's words") {
  for (const char* text : {"true", "True", "YES", "on"}) CHECK(parse_boolean(text) == true);
  for (const char* text : {"false", "False", "NO", "off"}) CHECK(parse_boolean(text) == false);
  for (const char* text : {"1", "0", "y", "tRUE", ""}) CHECK_FALSE(parse_boolean(text));
}

TEST_CASE("words are separated by commas, or by blanks where there is no comma") {
  CHECK(split_words("fp32, bf16") == Words{"fp32", "bf16"});
  CHECK(split_words("123.68 116.78  103.94") == Words{"123.68", "116.78", "103.94"});
  CHECK(split_words(" a ,b c,") == Words{"a", "b c"});
  CHECK(split_words("") == Words{});
}
