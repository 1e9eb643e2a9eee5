#include "runner/text_tail.hpp"

#include <doctest/doctest.h>

using ampd::runner::TextTail;

namespace {

TextTail of(const std::string& text) {
  TextTail tail;
  tail.add(text);
  return tail;
}

}  // namespace

TEST_CASE("the last line is the last one that is not blank") {
  CHECK(of("").last_line().empty());
  CHECK(of(" \n\n").last_line().empty());
  CHECK(of("one").last_line() == "one");
  CHECK(of("one\n two \r\n\n \t\n").last_line() == "two");
  CHECK(of(std::string(100'000, 'x') + "\n5\n").last_line() == "5");
}

TEST_CASE("a last line that was cut is none") {
  CHECK(of(std::string(100'000, '1')).last_line().empty());
  TextTail tail;
  for (int i = 0; i < 10'000; ++i) tail.add("1");
  CHECK(tail.last_line().empty());
}

TEST_CASE("a quotation is one bounded line of UTF-8") {
  CHECK(of("").quoted().empty());
  CHECK(of("a\nb\tc\x1b[0m\n").quoted() == "; its last output: \"a | b c [0m\"");
  CHECK(of("\xff!").quoted() == "; its last output: \"\xef\xbf\xbd!\"");
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "line " + std::to_string(i) + "\n";
  const std::string quoted = of(lines).quoted();
  CHECK(quoted.size() < 2000);
  CHECK(quoted.find("\"line ") != std::string::npos);
  CHECK(quoted.ends_with("line 999\""));
}
