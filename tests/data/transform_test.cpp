#include "data/transform.hpp"

#include <doctest/doctest.h>

#include "damage.hpp"
#include "data/resize.hpp"

using namespace ampd::data;
using ampd::job::Component;
using ampd::tensor::DType;
using ampd::tensor::Shape;
using ampd::tensor::Tensor;
using nlohmann::json;

namespace {

/// Bytes 0, 1, 2 ... of a shape, with their channels on an axis.
Field counting(Shape shape, std::int64_t channel_axis) {
  Tensor value(DType::u8, std::move(shape));
  std::uint8_t next = 0;
  for (std::uint8_t& element : value.mutable_values<std::uint8_t>()) element = next++;
  return {value, channel_axis};
}

Field apply(const std::string& name, const json& parameters, const Field& field) {
  Sample sample{{field}, {}};
  make_transform({name, parameters})(sample);
  return sample.inputs.front();
}

std::string refusal(const std::string& name, const json& parameters, const Field& field) {
  return error_of([&] { apply(name, parameters, field); });
}

std::vector<double> values(const Field& field) {
  const Tensor doubles = convert(field.value, DType::f64);
  return {doubles.values<double>().begin(), doubles.values<double>().end()};
}

void check_values(const Field& field, const std::vector<double>& expected) {
  const std::vector<double> found = values(field);
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  }
}

Field field_of(Shape shape, const std::vector<std::uint8_t>& bytes, std::int64_t channel_axis) {
  return {Tensor::of<std::uint8_t>(std::move(shape), bytes), channel_axis};
}

}  // namespace

TEST_CASE("Rescale divides by 255 in float32") {
  const Field result = apply("Rescale", json::object(), field_of({3}, {0, 51, 255}, 0));
  CHECK(result.value.dtype() == DType::f32);
  CHECK(values(result) == std::vector<double>{0, 0.2F, 1});
}

TEST_CASE("Normalize works on the channel axis, wherever it is") {
  const json parameters{{"mean", {1.0, 3.0}}, {"std", {2.0, 4.0}}};
  check_values(apply("Normalize", parameters, field_of({2, 1, 2}, {1, 3, 3, 7}, 0)), {0, 1, 0, 1});
  check_values(apply("Normalize", parameters, field_of({1, 2, 2}, {1, 3, 3, 7}, 2)), {0, 0, 1, 1});
  check_values(apply("Normalize", {{"mean", {1.0}}, {"std", {2.0}}}, field_of({3}, {1, 3, 5}, 0)),
               {0, 1, 2});
  check_values(apply("Normalize", {{"mean", {0.0}}, {"std", {1.0}}, {"rescale", {2.0, 1.0}}},
                     field_of({2}, {2, 6}, 0)),
               {0, 2});
}

TEST_CASE("Normalize with a wrong count of channels says where the channels are") {
  const std::string error =
      refusal("Normalize", {{"mean", {1.0, 2.0, 3.0}}, {"std", {1.0}}}, counting({4, 4, 2}, 2));
  CHECK(error.find("3 numbers for the mean") != std::string::npos);
  CHECK(error.find("4x4x2 with their channels on axis 2") != std::string::npos);
}

TEST_CASE("Cast changes the type") {
  const Field result = apply("Cast", {{"dtype", "int64"}}, field_of({2}, {1, 2}, 0));
  CHECK(result.value.dtype() == DType::i64);
  CHECK(values(result) == std::vector<double>{1, 2});
}

TEST_CASE("Transpose moves the axes and the channels with them") {
  const Field result = apply("Transpose", {{"perm", {2, 0, 1}}}, counting({1, 2, 3}, 2));
  CHECK(result.value.shape() == Shape{3, 1, 2});
  CHECK(result.channel_axis == 0);
  CHECK(values(result) == std::vector<double>{0, 3, 1, 4, 2, 5});
  CHECK(refusal("Transpose", {{"perm", {1, 0}}}, counting({1, 2, 3}, 2)).find("1x2x3") !=
        std::string::npos);
  CHECK(refusal("Transpose", {{"perm", {0, 0, 1}}}, counting({1, 2, 3}, 2)).find("once") !=
        std::string::npos);
}

TEST_CASE("ToTensor puts the channels first and scales bytes") {
  const Field result = apply("ToTensor", json::object(), field_of({1, 2, 2}, {0, 51, 255, 0}, 2));
  CHECK(result.value.shape() == Shape{2, 1, 2});
  CHECK(result.channel_axis == 0);
  check_values(result, {0, 1, 0.2, 0});
  const Field floats{Tensor::of<float>({1, 1, 2}, {3, 4}), 2};
  check_values(apply("ToTensor", json::object(), floats), {3, 4});
  CHECK(apply("ToTensor", json::object(), counting({4, 5}, 0)).value.shape() == Shape{1, 4, 5});
  CHECK(apply("ToTensor", json::object(), counting({3, 4, 5}, 0)).value.shape() == Shape{3, 4, 5});
}

TEST_CASE("AlignImageChannel makes grey colour, colour grey, and drops alpha") {
  check_values(apply("AlignImageChannel", {{"dim", 3}}, field_of({1, 2, 1}, {5, 6}, 2)),
               {5, 5, 5, 6, 6, 6});
  check_values(apply("AlignImageChannel", {{"dim", 3}}, field_of({1, 2}, {5, 6}, 0)),
               {5, 5, 5, 6, 6, 6});
  check_values(apply("AlignImageChannel", {{"dim", 3}}, field_of({1, 1, 4}, {1, 2, 3, 4}, 2)),
               {1, 2, 3});
  check_values(
      apply("AlignImageChannel", {{"dim", 1}}, field_of({1, 2, 3}, {10, 200, 30, 255, 0, 77}, 2)),
      {124, 85});
  const Field first = apply("AlignImageChannel", {{"dim", 3}}, field_of({1, 1, 2}, {5, 6}, 0));
  CHECK(first.value.shape() == Shape{3, 1, 2});
  CHECK(refusal("AlignImageChannel", {{"dim", 4}}, counting({2, 2, 3}, 2)).find("2x2x3") !=
        std::string::npos);
}

TEST_CASE("QuantizedInput does nothing without a scale and saturates with one") {
  const Field field{Tensor::of<float>({3}, {1.5F, -2, 1000}), 0};
  CHECK(values(apply("QuantizedInput", {{"dtype", "int8"}}, field)) == values(field));
  CHECK(values(apply("QuantizedInput", {{"dtype", "int8"}, {"scale", 2.5}}, field)) ==
        std::vector<double>{3, -5, 127});
  CHECK(values(apply("QuantizedInput", {{"dtype", "uint8"}, {"scale", 2.5}}, field)) ==
        std::vector<double>{131, 123, 255});
}

TEST_CASE("crops take the pixels that they name, channels first or last") {
  CHECK(values(apply("CenterCrop", {{"size", {1, 2}}}, counting({3, 4, 1}, 2))) ==
        std::vector<double>{5, 6});
  CHECK(values(apply("CenterCrop", {{"size", {1, 2}}}, counting({2, 3, 4}, 0))) ==
        std::vector<double>{5, 6, 17, 18});
  CHECK(values(apply(
            "CropToBoundingBox",
            {{"offset_height", 1}, {"offset_width", 2}, {"target_height", 2}, {"target_width", 1}},
            counting({3, 4, 1}, 2))) == std::vector<double>{6, 10});
  CHECK(apply("PaddedCenterCrop", {{"size", {224, 224}}, {"crop_padding", 32}},
              counting({16, 24, 1}, 2))
            .value.shape() == Shape{14, 14, 1});
}

TEST_CASE("a crop beyond the image names both sizes") {
  CHECK(refusal("CenterCrop", {{"size", {4, 4}}}, counting({3, 5, 1}, 2)).find("only 3x5") !=
        std::string::npos);
  CHECK(refusal(
            "CropToBoundingBox",
            {{"offset_height", 2}, {"offset_width", 0}, {"target_height", 2}, {"target_width", 1}},
            counting({3, 5, 1}, 2))
            .find("2x1 pixels at (2, 0)") != std::string::npos);
  CHECK(refusal("CenterCrop", {{"size", {1, 1}}}, counting({3, 5}, 0)).find("wants images") !=
        std::string::npos);
}

TEST_CASE("Resize and CropResize interpolate as resize does") {
  const Field image = counting({4, 6, 3}, 2);
  const Field resized = apply("Resize", {{"size", {3, 5}}, {"interpolation", "bicubic"}}, image);
  CHECK(values(resized) == values({resize(image.value, 2, 3, 5, Interpolation::bicubic), 2}));
  const json rectangle{{"x", 2},      {"y", 1},         {"width", 2},
                       {"height", 3}, {"size", {3, 2}}, {"interpolation", "bilinear"}};
  CHECK(values(apply("CropResize", rectangle, counting({4, 6, 1}, 2))) ==
        std::vector<double>{8, 9, 14, 15, 20, 21});
}

TEST_CASE("resizing by ratio keeps the proportions") {
  const auto shape = [](const std::string& name, const json& parameters, Shape from) {
    return apply(name, parameters, counting(std::move(from), 2)).value.shape();
  };
  const json ratio{{"min_dim", 8}, {"max_dim", 12}, {"padding", false}, {"constant_value", 0}};
  CHECK(shape("ResizeWithRatio", ratio, {4, 5, 3}) == Shape{8, 10, 3});
  CHECK(shape("ResizeWithRatio", ratio, {4, 10, 3}) == Shape{5, 12, 3});
  CHECK(shape("ResizeWithRatio", ratio, {9, 10, 3}) == Shape{9, 10, 3});
  const json aspect{{"height", 7}, {"width", 7}, {"scale", 87.5}};
  CHECK(shape("ResizeWithAspectRatio", aspect, {16, 24, 3}) == Shape{8, 12, 3});
  CHECK(shape("ResizeWithAspectRatio", aspect, {24, 16, 3}) == Shape{12, 8, 3});
  CHECK(refusal("ResizeWithAspectRatio", {{"height", 1}, {"width", 1}, {"scale", 100}},
                counting({9, 4, 1}, 2)) == "");
}

TEST_CASE("padding surrounds the image evenly") {
  const json parameters{{"min_dim", 1}, {"max_dim", 4}, {"padding", true}, {"constant_value", 9}};
  const Field result =
      apply("ResizeWithRatio", parameters, field_of({2, 3, 1}, {1, 2, 3, 4, 5, 6}, 2));
  CHECK(result.value.shape() == Shape{4, 4, 1});
  CHECK(values(result) == std::vector<double>{9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9, 9});
}

TEST_CASE("BilinearImagenet maps the middle to -1 to 1") {
  const json parameters{{"height", 2},
                        {"width", 2},
                        {"central_fraction", 0.5},
                        {"mean_value", {0.0}},
                        {"scale", 2.0}};
  std::vector<std::uint8_t> pixels(16, 0);
  pixels[5] = 255;
  const Field result = apply("BilinearImagenet", parameters, field_of({4, 4, 1}, pixels, 2));
  CHECK(result.value.shape() == Shape{2, 2, 1});
  check_values(result, {2, -2, -2, -2});
}

TEST_CASE("ResizeCropImagenet resizes, crops, normalises and puts the channels first") {
  const json parameters{{"height", 2},         {"width", 2},
                        {"resize_side", 4},    {"resize_method", "bilinear"},
                        {"mean_value", {0.0}}, {"std_value", {0.5}}};
  const Field result = apply("ResizeCropImagenet", parameters, counting({4, 6, 2}, 2));
  CHECK(result.value.shape() == Shape{2, 2, 2});
  CHECK(result.channel_axis == 0);
  check_values(result, {16 / 127.5, 18 / 127.5, 28 / 127.5, 30 / 127.5, 17 / 127.5, 19 / 127.5,
                        29 / 127.5, 31 / 127.5});
}

TEST_CASE("transforms act on every input of a sample") {
  Sample sample{{counting({2}, 0), counting({3}, 0)}, {}};
  make_transform({"Rescale", json::object()})(sample);
  CHECK(sample.inputs[0].value.dtype() == DType::f32);
  CHECK(sample.inputs[1].value.dtype() == DType::f32);
}

TEST_CASE("a transform leaves the array that it was given as it was") {
  const Field field{Tensor::of<float>({2}, {255, 510}), 0};
  apply("Rescale", json::object(), field);
  apply("Normalize", {{"mean", {5.0}}, {"std", {2.0}}}, field);
  CHECK(values(field) == std::vector<double>{255, 510});
}

TEST_CASE("LabelShift subtracts from integer labels") {
  const std::vector<Component> shift{{"LabelShift", {{"label_shift", 1}}}};
  const Tensor labels = postprocess(shift, Tensor::of<std::int32_t>({3}, {1, 2, 1001}));
  CHECK(labels.values<std::int64_t>()[2] == 1000);
  CHECK(postprocess({}, labels).bytes().data() == labels.bytes().data());
  CHECK_THROWS_AS(postprocess(shift, Tensor(DType::f32, {3})), ampd::Error);
  CHECK_THROWS_AS(
      postprocess(shift, Tensor::of<std::int64_t>({1}, {std::numeric_limits<std::int64_t>::min()})),
      ampd::Error);
}
