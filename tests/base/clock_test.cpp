#include "base/clock.hpp"

#include <doctest/doctest.h>

TEST_CASE("times are printed in UTC with milliseconds") {
  CHECK(ampd::base::iso8601(0) == "1970-01-01T00:00:00.000Z");
  CHECK(ampd::base::iso8601(1'769'860'800'123'456) == "2026-01-31T12:00:00.123Z");
}

TEST_CASE("the monotonic clock does not go back") {
  const ampd::base::SystemClock clock;
  const auto before = clock.monotonic();
  CHECK(clock.monotonic() >= before);
}
