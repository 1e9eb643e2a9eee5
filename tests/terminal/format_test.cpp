#include "terminal/format.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace ampd::terminal;

TEST_CASE("decimals have fixed digits and no negative zero") {
  CHECK(decimal(0.81714, 4) == "0.8171");
  CHECK(decimal(-2, 1) == "-2.0");
  CHECK(decimal(-0.00001, 2) == "0.00");
  CHECK(decimal(std::nan(""), 3) == "nan");
  CHECK(decimal(-std::numeric_limits<double>::infinity(), 3) == "-inf");
  CHECK(decimal(std::numeric_limits<double>::max(), 0).size() == 309);
}

TEST_CASE("differences show their sign") {
  CHECK(difference(0.0012, 4) == "+0.0012");
  CHECK(difference(-0.5, 1) == "-0.5");
  CHECK(difference(0, 1) == "+0.0");
  CHECK(difference(std::nan(""), 1) == "nan");
}

TEST_CASE("durations take the unit that fits") {
  CHECK(duration(0) == "0 s");
  CHECK(duration(0.00035) == "350 us");
  CHECK(duration(0.9994e-3) == "999 us");
  CHECK(duration(0.001) == "1.0 ms");
  CHECK(duration(0.0123) == "12.3 ms");
  CHECK(duration(0.35) == "350 ms");
  CHECK(duration(0.9996) == "1.0 s");
  CHECK(duration(4.24) == "4.2 s");
  CHECK(duration(59.96) == "1m 00s");
  CHECK(duration(125) == "2m 05s");
  CHECK(duration(3599.6) == "1h 00m");
  CHECK(duration(3 * 3600 + 7 * 60) == "3h 07m");
  CHECK(duration(2 * 86400 + 4 * 3600) == "2d 04h");
  CHECK(duration(-1) == "-");
  CHECK(duration(std::nan("")) == "-");
  CHECK(duration(1e300) == "-");
}

TEST_CASE("bytes take the unit that fits") {
  CHECK(byte_count(0) == "0 B");
  CHECK(byte_count(1023) == "1023 B");
  CHECK(byte_count(1536) == "1.5 KiB");
  CHECK(byte_count(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(byte_count(12'900'000) == "12.3 MiB");
  CHECK(byte_count(std::numeric_limits<std::int64_t>::max()) == "8192.0 PiB");
}

TEST_CASE("ratios, shares and counts") {
  CHECK(ratio(1.834) == "1.83x");
  CHECK(percent(0.366) == "37%");
  CHECK(count(0) == "0");
  CHECK(count(999) == "999");
  CHECK(count(12345678) == "12,345,678");
  CHECK(count(-1000) == "-1,000");
  CHECK(count(-999) == "-999");
}

TEST_CASE("what is not there is a dash") {
  CHECK(optional(std::optional<double>(1.5), ratio) == "1.50x");
  CHECK(optional(std::optional<double>(), ratio) == "-");
}
