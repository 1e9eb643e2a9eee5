#include "ampd/error.hpp"

#include <doctest/doctest.h>

#include "base/exit_code.hpp"

using ampd::ErrorCode;

TEST_CASE("every error code survives its word") {
  for (int number = 0; number <= static_cast<int>(ErrorCode::divergence); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    CHECK(ampd::parse_error_code(to_string(code)) == code);
  }
}

TEST_CASE("errors end programs with the code of the table") {
  using ampd::base::exit_code;
  CHECK(static_cast<int>(exit_code(ErrorCode::invalid)) == 1);
  CHECK(static_cast<int>(exit_code(ErrorCode::not_found)) == 3);
  CHECK(static_cast<int>(exit_code(ErrorCode::denied)) == 5);
  CHECK(static_cast<int>(exit_code(ErrorCode::conflict)) == 6);
  CHECK(static_cast<int>(exit_code(ErrorCode::corrupt)) == 65);
  CHECK(static_cast<int>(exit_code(ErrorCode::busy)) == 69);
  CHECK(static_cast<int>(exit_code(ErrorCode::io)) == 74);
}
