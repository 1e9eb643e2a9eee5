#include "tensor/shape.hpp"

#include <doctest/doctest.h>

#include "ampd/error.hpp"

using namespace ampd::tensor;

TEST_CASE("shapes print as people write them") {
  CHECK(to_string(Shape{1, 3, 224, 224}) == "1x3x224x224");
  CHECK(to_string(Shape{unknown_extent, 10}) == "?x10");
  CHECK(to_string(Shape{}) == "scalar");
}

TEST_CASE("the element count refuses overflow and open extents") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 3, 0}) == 0);
  CHECK_THROWS_AS(element_count({std::int64_t{1} << 40, std::int64_t{1} << 40}), ampd::Error);
  CHECK_THROWS_AS(element_count({unknown_extent}), ampd::Error);
}

TEST_CASE("broadcasting follows NumPy") {
  CHECK(broadcast({2, 1, 4}, {3, 1}) == Shape{2, 3, 4});
  CHECK(broadcast({}, {5}) == Shape{5});
  CHECK(broadcast({0}, {1}) == Shape{0});
  CHECK_THROWS_AS(broadcast({2}, {3}), ampd::Error);
}
