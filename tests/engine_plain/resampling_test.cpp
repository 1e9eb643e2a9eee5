#include "one_node.hpp"

using namespace one_node;

namespace {

/// One axis resized; the attributes name mode and coordinates.
void check_line(const std::vector<float>& from, const Tensor& scales, const std::vector<float>& to,
                const Attributes& attributes) {
  check("Resize", {vec(from), absent(), scales}, vec(to), attributes);
}

Attributes with(const std::string& mode, const std::string& coordinates, Attributes more = {}) {
  more.emplace_back("mode", mode);
  more.emplace_back("coordinate_transformation_mode", coordinates);
  return more;
}

}  // namespace

TEST_CASE("the nearest element is chosen by coordinates and rounding") {
  const std::vector<float> x{0, 1, 2, 3};
  check_line(x, vec({2}), {0, 0, 1, 1, 2, 2, 3, 3}, with("nearest", "half_pixel"));
  check_line(x, vec({0.5F}), {0, 2}, with("nearest", "half_pixel"));
  check_line(x, vec({0.5F}), {1, 3},
             with("nearest", "half_pixel", {{"nearest_mode", std::string("round_prefer_ceil")}}));
  check_line(x, vec({1.5F}), {0, 0, 1, 2, 2, 3},
             with("nearest", "asymmetric", {{"nearest_mode", std::string("floor")}}));
  check_line(x, vec({1.5F}), {0, 1, 2, 2, 3, 3},
             with("nearest", "asymmetric", {{"nearest_mode", std::string("ceil")}}));
  check("Upsample", {vec({1, 2})}, vec({1, 1, 2, 2}), {{"scales", std::vector<float>{2}}}, 7);
  check("Upsample", {vec({1, 2}), vec({2})}, vec({1, 1, 2, 2}), {}, 9);
  check("Resize", {vec({1, 2}), vec({2})}, vec({1, 1, 2, 2}), {}, 10);
}

TEST_CASE("linear interpolation by each kind of coordinates") {
  const std::vector<float> x{0, 4};
  check_line(x, vec({2}), {0, 1, 3, 4}, with("linear", "half_pixel"));
  check_line(x, vec({2}), {0, 2, 4, 4}, with("linear", "asymmetric"));
  check_line(x, vec({2}), {0, 4.0F / 3, 8.0F / 3, 4}, with("linear", "align_corners"));
  check_line({0, 2, 4}, vec({1.0F / 3}), {0}, with("linear", "pytorch_half_pixel"));
  check("Resize", {vec({0, 1, 2, 3}), vec({-0.5F, 1}), absent(), ints({4})}, vec({9, 0, 1.5F, 3}),
        with("linear", "tf_crop_and_resize", {{"extrapolation_value", 9.0F}}));
}

TEST_CASE("cubic interpolation keeps lines straight away from the edges") {
  const Tensor x = vec({0, 1, 2, 3, 4, 5, 6, 7});
  const Tensor result = run("Resize", {x, absent(), vec({2})},
                            with("cubic", "half_pixel", {{"cubic_coeff_a", -0.5F}}))[0];
  for (std::size_t i = 4; i < 12; ++i) {
    CHECK(result.values<float>()[i] == doctest::Approx((static_cast<double>(i) + 0.5) / 2 - 0.5));
  }
  const Tensor one = run("Resize", {vec({3, 3, 3}), absent(), vec({1.7F})},
                         with("cubic", "half_pixel", {{"exclude_outside", std::int64_t{1}}}))[0];
  for (const float each : one.values<float>()) CHECK(each == doctest::Approx(3));
}

TEST_CASE("shrinking with antialias averages what it covers") {
  check_line({0, 0, 8, 8}, vec({0.5F}), {1, 7},
             with("linear", "half_pixel", {{"antialias", std::int64_t{1}}}));
}

TEST_CASE("axes and aspect ratio can be named") {
  const Tensor x = mat(2, {1, 2, 3, 4});
  check("Resize", {x, absent(), absent(), ints({4})}, mat(2, {1, 1, 2, 2, 3, 3, 4, 4}),
        {{"axes", Integers{1}}});
  const auto shape = [&x](const char* policy) {
    return run("Resize", {x, absent(), absent(), ints({4, 6})},
               {{"keep_aspect_ratio_policy", std::string(policy)}})[0]
        .shape();
  };
  CHECK(shape("not_larger") == Shape{4, 4});
  CHECK(shape("not_smaller") == Shape{6, 6});
  CHECK(shape("stretch") == Shape{4, 6});
}

TEST_CASE("a resize that does not fit is refused") {
  const Tensor x = vec({1, 2});
  CHECK(failure("Resize", {x}) == "the node it (Resize) needs scales or sizes, one of them");
  CHECK(failure("Resize", {x, absent(), vec({-1})}) ==
        "the node it (Resize) has a scale that is not positive");
  CHECK(failure("Resize", {x, absent(), vec({1, 2})}) ==
        "the node it (Resize) has a wrong number of scales or sizes");
  CHECK(failure("Resize", {x, absent(), vec({1e30F})}) ==
        "the node it (Resize) has a scale that makes its result too large");
  CHECK(failure("Resize", {x, absent(), vec({2})}, {{"mode", std::string("best")}}) ==
        "the node it (Resize) has the mode best");
}
