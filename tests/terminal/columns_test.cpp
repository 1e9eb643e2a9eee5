#include "terminal/columns.hpp"

#include <doctest/doctest.h>

using namespace ampd::terminal;

TEST_CASE("a text's width counts columns, not bytes") {
  CHECK(width("") == 0);
  CHECK(width("conv1") == 5);
  CHECK(width("caf\u00e9") == 4);
  CHECK(width("cafe\u0301") == 4);
  CHECK(width("\u5377\u79ef") == 4);
  CHECK(width("\U0001F600") == 2);
}

TEST_CASE("nothing that a name holds can break a line or command the terminal") {
  CHECK(printable("a\nb\tc") == "a b c");
  CHECK(printable("\x1b[31mred") == "?[31mred");
  CHECK(printable(std::string("a\0b", 3)) == "a?b");
  CHECK(printable("\xff\xc3") == "??");
  CHECK(printable("\xc0\xaf") == "??");
  CHECK(printable("\xed\xa0\x80") == "???");
  CHECK(printable("\u202Eabc\u009b") == "?abc?");
  CHECK(printable("layer/\u5377\u79ef_1") == "layer/\u5377\u79ef_1");
}

TEST_CASE("a text is cut to its columns and says so") {
  CHECK(fitted("conv", 4) == "conv");
  CHECK(fitted("convolution", 5) == "conv…");
  CHECK(fitted("\u5377\u79ef\u5377", 5) == "\u5377\u79ef…");
  CHECK(fitted("\u5377\u79ef\u5377", 4) == "\u5377…");
  CHECK(fitted("convolution", 1) == "…");
  CHECK(fitted("convolution", 0) == "");
  for (int columns = 0; columns < 12; ++columns) {
    CHECK(width(fitted("a\u5377b\u0301\u79efcd\U0001F600", columns)) <= columns);
  }
}

TEST_CASE("a text is filled up on the side away from its alignment") {
  CHECK(padded("ab", 4, Align::left) == "ab  ");
  CHECK(padded("ab", 4, Align::right) == "  ab");
  CHECK(padded("\u5377", 4, Align::right) == "  \u5377");
  CHECK(padded("abcde", 4, Align::left) == "abcde");
}
