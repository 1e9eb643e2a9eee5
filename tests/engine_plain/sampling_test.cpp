#include "one_node.hpp"

using namespace one_node;

namespace {

const Tensor picture = tensor<float>({1, 1, 2, 2}, {1, 2, 3, 4});

/// The picture sampled at one place, x before y.
void check_sample(float x, float y, float expected, const Attributes& attributes) {
  CAPTURE(x);
  CAPTURE(y);
  check("GridSample", {picture, tensor<float>({1, 1, 1, 2}, {x, y})},
        tensor<float>({1, 1, 1, 1}, {expected}), attributes);
}

Attributes sampling(const std::string& mode, const std::string& padding, std::int64_t corners) {
  return {{"mode", mode}, {"padding_mode", padding}, {"align_corners", corners}};
}

}  // namespace

TEST_CASE("grids sample between pixels and beyond the edge") {
  const auto linear = sampling("linear", "zeros", 1);
  check_sample(-1, -1, 1, linear);
  check_sample(1, -1, 2, linear);
  check_sample(0, 0, 2.5F, linear);
  check_sample(0, 1, 3.5F, linear);
  check_sample(3, 1, 0, linear);
  check_sample(3, 1, 4, sampling("linear", "border", 1));
  check_sample(3, 1, 3, sampling("linear", "reflection", 1));  // mirrored to the other side
  check_sample(-0.5F, -0.5F, 1, sampling("linear", "zeros", 0));
  check_sample(-1, -1, 0.25F, sampling("linear", "zeros", 0));
  check_sample(0.4F, 0.6F, 4, sampling("nearest", "zeros", 1));
  check_sample(0, 0, 2.5F, sampling("cubic", "border", 1));
  check("GridSample", {picture, tensor<float>({1, 1, 1, 2}, {0, 0})},
        tensor<float>({1, 1, 1, 1}, {2.5F}),
        {{"mode", std::string("bilinear")}, {"align_corners", std::int64_t{1}}}, 16);
  check("GridSample",
        {tensor<float>({1, 1, 1, 1, 2}, {1, 3}), tensor<float>({1, 1, 1, 1, 3}, {0, 0, 0})},
        tensor<float>({1, 1, 1, 1, 1}, {2}));
  check_sample(std::nanf(""), 0, 0, linear);
}

TEST_CASE("regions are averaged from samples between pixels") {
  const Tensor ramp = tensor<float>({1, 1, 2, 4}, {0, 1, 2, 3, 0, 1, 2, 3});
  const Tensor region = mat(1, {0, 0, 3, 1});
  const auto align = [&](const std::vector<float>& expected, Attributes attributes) {
    attributes.emplace_back("output_width", std::int64_t{std::ssize(expected)});
    check("RoiAlign", {ramp, region, ints({0})},
          tensor<float>({1, 1, 1, std::ssize(expected)}, expected), attributes);
  };
  align({1.5F}, {{"coordinate_transformation_mode", std::string("output_half_pixel")}});
  align({0.75F, 2.25F}, {{"coordinate_transformation_mode", std::string("output_half_pixel")},
                         {"sampling_ratio", std::int64_t{1}}});
  align({0.25F, 1.75F}, {{"sampling_ratio", std::int64_t{1}}});
  CHECK(failure("RoiAlign", {ramp, region, ints({1})}) ==
        "the node it (RoiAlign) has a batch index outside of its batch");
}

TEST_CASE("windows are sums of cosines") {
  const Tensor four = tensor<std::int64_t>({}, {4});
  check("HannWindow", {four}, vec({0, 0.5F, 1, 0.5F}));
  check("HannWindow", {four}, vec({0, 0.75F, 0.75F, 0}), {{"periodic", std::int64_t{0}}});
  check("HammingWindow", {four}, vec({4.0F / 46, 25.0F / 46, 1, 25.0F / 46}));
  check("BlackmanWindow", {four}, vec({0, 0.34F, 1, 0.34F}));
}

TEST_CASE("the Fourier transform and its inverse, in part or whole") {
  const Tensor x = tensor<float>({1, 4, 1}, {1, 2, 3, 4});
  const Tensor full = tensor<float>({1, 4, 2}, {10, 0, -2, 2, -2, 0, -2, -2});
  check("DFT", {x}, full);
  check("DFT", {x}, full, {{"axis", std::int64_t{1}}}, 17);
  check("DFT", {x}, tensor<float>({1, 3, 2}, {10, 0, -2, 2, -2, 0}),
        {{"onesided", std::int64_t{1}}});
  check("DFT", {full}, tensor<float>({1, 4, 2}, {1, 0, 2, 0, 3, 0, 4, 0}),
        {{"inverse", std::int64_t{1}}});
  check("DFT", {x, tensor<std::int64_t>({}, {2})}, tensor<float>({1, 2, 2}, {3, 0, -1, 0}));
  check("STFT", {x, tensor<std::int64_t>({}, {2}), vec({1, 1})},
        tensor<float>({1, 2, 2, 2}, {3, 0, -1, 0, 7, 0, -1, 0}));
  CHECK(failure("STFT",
                {x, tensor<std::int64_t>({}, {1}), vec({1, 1}), tensor<std::int64_t>({}, {5})})
            .find("shorter than its frame") != std::string::npos);
}

TEST_CASE("mel weights are triangles with a peak of one") {
  const auto weights =
      run("MelWeightMatrix", {tensor<std::int64_t>({}, {3}), tensor<std::int64_t>({}, {64}),
                              tensor<std::int64_t>({}, {8000}), scalar(0), scalar(4000)})[0];
  REQUIRE(weights.shape() == Shape{33, 3});
  for (std::size_t band = 0; band < 3; ++band) {
    float largest = 0;
    for (std::size_t row = 0; row < 33; ++row) {
      largest = std::max(largest, weights.values<float>()[row * 3 + band]);
    }
    CHECK(largest == 1);
  }
}

TEST_CASE("the largest pixel of each bin of a region") {
  const Tensor picture = tensor<float>({1, 1, 4, 4}, {0, 1, 2, 3, 4, 5, 6, 7,  //
                                                      8, 9, 10, 11, 12, 13, 14, 15});
  const Attributes attributes{{"pooled_shape", Integers{2, 2}}};
  check("MaxRoiPool", {picture, mat(1, {0, 0, 0, 3, 3})},
        tensor<float>({1, 1, 2, 2}, {5, 7, 13, 15}), attributes);
  check("MaxRoiPool", {picture, mat(2, {0, 0, 0, 2, 2, 0, 3, 3, 9, 9})},
        tensor<float>({2, 1, 2, 2}, {5, 6, 9, 10, 15, 0, 0, 0}), attributes);
  check("MaxRoiPool", {picture, mat(1, {0, 0, 0, 6, 6})},
        tensor<float>({1, 1, 2, 2}, {5, 7, 13, 15}),
        {{"pooled_shape", Integers{2, 2}}, {"spatial_scale", 0.5F}});
  CHECK(failure("MaxRoiPool", {picture, mat(1, {1, 0, 0, 3, 3})}, attributes) ==
        "the node it (MaxRoiPool) has a batch index outside of its batch");
}

TEST_CASE("affine grids name places from edge to edge or from center to center") {
  const Tensor turn = tensor<float>({1, 2, 3}, {0, 1, 10, -1, 0, 20});  // (x, y) to (y, -x)
  const Tensor size = ints({1, 3, 2, 3});
  const Attributes corners{{"align_corners", std::int64_t{1}}};
  check("AffineGrid", {turn, size},
        tensor<float>({1, 2, 3, 2}, {9.5F, 20 + 2.0F / 3, 9.5F, 20, 9.5F, 20 - 2.0F / 3,  //
                                     10.5F, 20 + 2.0F / 3, 10.5F, 20, 10.5F, 20 - 2.0F / 3}));
  check("AffineGrid", {turn, size},
        tensor<float>({1, 2, 3, 2}, {9, 21, 9, 20, 9, 19, 11, 21, 11, 20, 11, 19}), corners);
  const Tensor box = tensor<float>({1, 3, 4}, {1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 1});
  check("AffineGrid", {box, ints({1, 1, 2, 1, 2})},
        tensor<float>({1, 2, 1, 2, 3}, {-1, 0, -2, 1, 0, -2, -1, 0, 4, 1, 0, 4}), corners);
  for (const DType dtype : real_types) {
    check("AffineGrid", {ampd::tensor::convert(turn, dtype), ints({1, 1, 1, 1})},
          ampd::tensor::convert(tensor<float>({1, 1, 1, 2}, {10, 20}), dtype), corners);
  }
  CHECK(failure("AffineGrid", {turn, ints({1, 1, 2, 2, 2})}) ==
        "the node it (AffineGrid) has matrices of shape 1x2x3 for 3 axes");
}
