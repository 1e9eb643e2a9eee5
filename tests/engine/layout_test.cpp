#include "engine/layout.hpp"

#include <doctest/doctest.h>

using namespace ampd;
using engine::Layout;
using tensor::DType;
using tensor::Shape;

namespace {

Layout nhwc(const Shape& shape) {
  return Layout::channels_last(DType::f32, shape);
}

}  // namespace

TEST_CASE("channels last puts the second dimension innermost") {
  CHECK(nhwc({2, 3, 4, 5}).strides() == Shape{60, 1, 15, 3});
  CHECK(nhwc({2, 3, 4}).strides() == Shape{12, 1, 3});
  CHECK(nhwc({2, 3}).strides() == Shape{3, 1});
  CHECK(nhwc({2, 3, 4, 5}).is_dense());
  CHECK_FALSE(nhwc({2, 3, 4, 5}).is_row_major());
}

TEST_CASE("one pixel or one channel is row-major and channels last at once") {
  for (const Shape& shape : {Shape{2, 3, 1, 1}, Shape{2, 1, 4, 5}}) {
    CHECK(nhwc(shape).is_row_major());
    CHECK(Layout(DType::f32, shape).is_channels_last());
  }
}

TEST_CASE("splitting a dimension moves nothing, joining two that lie apart does") {
  const Layout image = nhwc({2, 6, 4, 5});
  const auto split = image.reshaped({2, 3, 2, 4, 5});
  REQUIRE(split.has_value());
  CHECK(split->strides() == Shape{120, 2, 1, 30, 6});
  CHECK(split->reshaped({2, 6, 4, 5})->reads_like(image));
  CHECK(image.reshaped({2, 6, 20})->strides() == Shape{120, 1, 6});
  CHECK_FALSE(image.reshaped({2, 120}).has_value());
  CHECK(Layout(DType::f32, {2, 6, 4, 5}).reshaped({12, 20}).has_value());
}

TEST_CASE("the nearest dense layout for a reshape keeps the order of what is not joined") {
  const Layout turned =
      nhwc({2, 6, 4, 5}).reshaped({2, 3, 2, 4, 5})->permuted(Shape{0, 2, 1, 3, 4});
  const Layout dense = turned.dense_for({2, 6, 4, 5});
  const auto joined = dense.reshaped({2, 6, 4, 5});
  REQUIRE(joined.has_value());
  CHECK(joined->is_channels_last());

  // Heads that a product left outside of the rows, joined inside of them.
  const Layout heads = Layout(DType::f32, {2, 4, 8, 3}).permuted(Shape{0, 2, 1, 3});
  CHECK(heads.dense_for({2, 8, 12}).is_row_major());

  const auto flat = nhwc({2, 6, 4, 5}).dense_for({2, 120}).reshaped({2, 120});
  REQUIRE(flat.has_value());
  CHECK(flat->is_row_major());
}

TEST_CASE("a gap or a repeated element is not dense") {
  CHECK_FALSE(Layout(DType::f32, {2, 3}, {6, 1}).is_dense());
  CHECK_FALSE(Layout(DType::f32, {2, 3}, {0, 1}).is_dense());
  CHECK(Layout(DType::f32, {2, 3}, {6, 1}).dense().is_row_major());
  CHECK(Layout(DType::f32, {2, 3}, {6, 1}).bytes() == 36);
  CHECK(Layout(DType::f32, {2, 3}, {1, 2}).dense().strides() == Shape{1, 2});
}

TEST_CASE("a dense layout takes the order of another shape's") {
  CHECK(nhwc({2, 3, 4, 5}).dense_like(DType::bf16, {2, 3, 1, 1}).is_channels_last());
  CHECK(nhwc({2, 3, 4, 5}).dense_like(DType::f32, {2, 9, 4, 5}).strides() == Shape{180, 1, 45, 9});
  const Layout turned(DType::f32, {2, 3, 4}, {3, 1, 6});
  CHECK(turned.dense_like(DType::f32, {2, 5, 4}).strides() == Shape{5, 1, 10});
}

TEST_CASE("what oneDNN describes comes back as it went, blocked layouts included") {
  const Layout image = nhwc({2, 3, 4, 5});
  CHECK(Layout(image.descriptor()).reads_like(image));
  const dnnl::memory::desc blocked({16, 16}, dnnl::memory::data_type::f32,
                                   dnnl::memory::format_tag::AB16b16a);
  const Layout opaque(blocked);
  CHECK_FALSE(opaque.is_plain());
  CHECK(opaque.bytes() == 1024);
  CHECK(opaque.reads_like(Layout(blocked)));
  CHECK_FALSE(opaque.reads_like(Layout(DType::f32, {16, 16})));
}

TEST_CASE("scalars and empty tensors have layouts") {
  CHECK(Layout(DType::f32, {}).bytes() == 4);
  CHECK(Layout(DType::f32, {}).descriptor().get_size() == 4);
  CHECK(Layout(DType::f32, {0, 3}).bytes() == 0);
  CHECK(Layout(DType::f32, {0, 3}).reads_like(nhwc({0, 3})));
  CHECK(Layout(DType::f32, {}).reshaped({1, 1})->is_row_major());
}
