#include "terminal/table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using namespace ampd::terminal;

namespace {

Table ranking() {
  Table table({{"rank", Align::right}, {"op"}, {"impact", Align::right}, {"type"}});
  table.add({"1", "layer1/conv1", "+0.0120", "Conv"});
  table.add({"10", "fc", "-0.5", "Gemm"});
  return table;
}

int longest_line(const std::string& text) {
  std::istringstream stream(text);
  int longest = 0;
  for (std::string line; std::getline(stream, line);) longest = std::max(longest, width(line));
  return longest;
}

}  // namespace

TEST_CASE("columns are aligned, numbers to the right, without blanks at a line's end") {
  CHECK(ranking().text(0) ==
        "rank  op             impact  type\n"
        "   1  layer1/conv1  +0.0120  Conv\n"
        "  10  fc               -0.5  Gemm\n");
}

TEST_CASE("a table is cut to the terminal's width, numbers never") {
  const std::string text = ranking().text(30);
  CHECK(longest_line(text) == 30);
  CHECK(text ==
        "rank  op          impact  type\n"
        "   1  layer1/c…  +0.0120  Conv\n"
        "  10  fc            -0.5  Gemm\n");
  CHECK(longest_line(ranking().text(33)) == 33);
  CHECK(longest_line(ranking().text(1)) > 1);
  CHECK(ranking().text(1).find("+0.0120") != std::string::npos);
}

TEST_CASE("a table without rows has its titles") {
  const Table table({{"id", Align::right}, {"name"}});
  CHECK(table.is_empty());
  CHECK(table.text(0) == "id  name\n");
}

TEST_CASE("odd cells stay in their row and column") {
  Table table({{"name"}, {"n", Align::right}});
  table.add({"a\nb", "1"});
  table.add({"\u5377\u79ef", "2"});
  table.add({"", "3"});
  CHECK(table.text(0) ==
        "name  n\n"
        "a b   1\n"
        "\u5377\u79ef  2\n"
        "      3\n");
}
