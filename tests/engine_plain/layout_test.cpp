#include "one_node.hpp"

using namespace one_node;

namespace {

/// 0, 1, 2 ... in a shape.
Tensor count(const Shape& shape) {
  Tensor value(DType::f32, shape);
  float next = 0;
  for (float& element : value.mutable_values<float>()) element = next++;
  return value;
}

const std::array all_types{DType::f32, DType::f64, DType::f16, DType::bf16,   DType::i8,
                           DType::u8,  DType::i64, DType::u32, DType::boolean};

/// Data of every element size take the same way; the other inputs stay.
void check_moves(const std::string& op_type, const Tensor& data, const std::vector<Tensor>& more,
                 const Tensor& expected, const Attributes& attributes = {}) {
  for (const DType dtype : all_types) {
    CAPTURE(ampd::tensor::to_string(dtype));
    std::vector<Tensor> inputs{ampd::tensor::convert(data, dtype)};
    inputs.insert(inputs.end(), more.begin(), more.end());
    check(op_type, inputs, ampd::tensor::convert(expected, dtype), attributes);
  }
}

}  // namespace

TEST_CASE("views keep the order of elements") {
  const Tensor x = count({2, 3, 4});
  check_moves("Reshape", x, {ints({4, -1})}, x.reshaped({4, 6}));
  check_moves("Flatten", x, {}, x.reshaped({2, 12}));
  check_moves("Squeeze", x.reshaped({1, 24}), {ints({0})}, x.reshaped({24}));
  check_moves("Unsqueeze", x.reshaped({24}), {ints({0, 2})}, x.reshaped({1, 24, 1}));
  check_moves("Identity", x, {}, x);
  check("Reshape", {Tensor(DType::f32, {0, 3}), ints({3, 0})}, Tensor(DType::f32, {3, 0}),
        {{"allowzero", std::int64_t{1}}});
}

TEST_CASE("transposes, slices and splits pick the right elements") {
  check_moves("Transpose", count({2, 3}), {}, tensor<float>({3, 2}, {0, 3, 1, 4, 2, 5}));
  check_moves("Transpose", count({2, 1, 3, 2}), {},
              tensor<float>({3, 2, 2, 1}, {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}),
              {{"perm", Integers{2, 3, 0, 1}}});
  check_moves("Slice", count({3, 4}), {ints({1, -1}), ints({3, -5}), ints({0, 1}), ints({1, -2})},
              tensor<float>({2, 2}, {7, 5, 11, 9}));
  check_moves("Slice", count({5}), {ints({3}), ints({1})}, Tensor(DType::f32, {0}));
  const auto parts =
      run("Split", {count({2, 5}), ints({2, 3})}, {{"axis", std::int64_t{1}}}, 21, 2);
  CHECK(difference(parts[0], mat(2, {0, 1, 5, 6})) == "");
  CHECK(difference(parts[1], mat(2, {2, 3, 4, 7, 8, 9})) == "");
  check_moves("Trilu", count({3, 3}), {}, mat(3, {0, 1, 2, 0, 4, 5, 0, 0, 8}));
  check_moves("Trilu", count({2, 3}), {tensor<std::int64_t>({}, {-1})}, mat(2, {0, 0, 0, 3, 0, 0}),
              {{"upper", std::int64_t{0}}});
}

TEST_CASE("joins and repeats put elements in the right place") {
  check("Concat", {count({2, 1}), count({2, 2})}, mat(2, {0, 0, 1, 1, 2, 3}),
        {{"axis", std::int64_t{-1}}});
  check("Concat", {Tensor(DType::f32, {0, 2}), count({1, 2})}, count({1, 2}),
        {{"axis", std::int64_t{0}}});
  check_moves("Expand", count({2, 1}), {ints({2, 1, 3})},
              tensor<float>({2, 2, 3}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}));
  check_moves("Tile", count({1, 2}), {ints({2, 2})}, mat(2, {0, 1, 0, 1, 0, 1, 0, 1}));
}

TEST_CASE("padding follows its mode, and a negative pad cuts") {
  const Tensor x = vec({1, 2, 3});
  const auto pad = [&x](const std::string& mode, const Tensor& expected) {
    check("Pad", {x, ints({2, 1})}, expected, {{"mode", mode}});
  };
  pad("constant", vec({0, 0, 1, 2, 3, 0}));
  pad("edge", vec({1, 1, 1, 2, 3, 3}));
  pad("reflect", vec({3, 2, 1, 2, 3, 2}));
  pad("wrap", vec({2, 3, 1, 2, 3, 1}));
  check("Pad", {x, ints({-1, 1}), scalar(9)}, vec({2, 3, 9}));
  check("Pad", {mat(1, {1, 2}), ints({0, 1}), absent(), ints({1})}, mat(1, {1, 2, 0}));
  check("Pad", {x}, vec({5, 1, 2, 3}), {{"pads", Integers{1, 0}}, {"value", 5.0F}}, 7);
  CHECK(failure("Pad", {x, ints({1, 1})}, {{"mode", std::string("odd")}}) ==
        "the node it (Pad) has the mode odd");
}

TEST_CASE("blocks move between depth and space") {
  const Tensor deep = tensor<float>({1, 8, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7});
  const Attributes block{{"blocksize", std::int64_t{2}}};
  check("DepthToSpace", {deep}, tensor<float>({1, 2, 2, 2}, {0, 2, 4, 6, 1, 3, 5, 7}), block);
  check("DepthToSpace", {deep}, tensor<float>({1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}),
        {{"blocksize", std::int64_t{2}}, {"mode", std::string("CRD")}});
  check("SpaceToDepth", {tensor<float>({1, 1, 2, 2}, {0, 1, 2, 3})},
        tensor<float>({1, 4, 1, 1}, {0, 1, 2, 3}), block);
}

TEST_CASE("gathers and scatters take negative indices, and refuse those outside") {
  const Tensor x = count({3, 2});
  check_moves("Gather", x, {ints({2, -3})}, mat(2, {4, 5, 0, 1}));
  check_moves("Gather", x, {tensor<std::int64_t>({}, {1})}, vec({1, 3, 5}),
              {{"axis", std::int64_t{1}}});
  check_moves("GatherElements", x, {tensor<std::int64_t>({2, 2}, {0, 2, -1, 1})},
              mat(2, {0, 5, 4, 3}));
  check_moves("GatherND", x, {tensor<std::int64_t>({2, 2}, {0, 1, 2, -2})}, vec({1, 4}));
  check_moves("GatherND", count({2, 2, 2}), {tensor<std::int64_t>({2, 1}, {1, 0})},
              mat(2, {2, 3, 4, 5}), {{"batch_dims", std::int64_t{1}}});
  check("ScatterElements", {vec({1, 2, 3}), ints({-1, 0}), vec({8, 9})}, vec({9, 2, 8}));
  check("ScatterElements", {vec({1, 2, 3}), ints({1, 1}), vec({8, 9})}, vec({1, 19, 3}),
        {{"reduction", std::string("add")}});
  check("Scatter", {vec({1, 2, 3}), ints({1}), vec({8})}, vec({1, 8, 3}), {}, 9);
  check("ScatterND", {vec({1, 2, 3}), tensor<std::int64_t>({2, 1}, {2, 0}), vec({8, 9})},
        vec({9, 2, 8}));
  check("ScatterND", {vec({2, 3}), tensor<std::int64_t>({1, 1}, {1}), vec({5})}, vec({2, 15}),
        {{"reduction", std::string("mul")}});
  CHECK(failure("Gather", {x, ints({3})}) ==
        "the node it (Gather) has the index 3 on an axis of 3");
  CHECK(failure("ScatterND", {vec({1}), tensor<std::int64_t>({1, 1}, {-2}), vec({5})}) ==
        "the node it (ScatterND) has the index -2 on an axis of 1");
}

TEST_CASE("sequences turn round up to their length") {
  check("ReverseSequence", {mat(3, {0, 1, 2, 3, 4, 5}), ints({2, 3})}, mat(3, {2, 5, 0, 3, 4, 1}));
  CHECK(failure("ReverseSequence", {mat(2, {0, 1, 2, 3}), ints({3, 1})}) ==
        "the node it (ReverseSequence) has an impossible length");
}

TEST_CASE("tensors are made from shapes and numbers") {
  check("ConstantOfShape", {ints({2, 1})}, tensor<float>({2, 1}, {0, 0}));
  check("ConstantOfShape", {ints({2})}, ints({7, 7}), {{"value", ints({7})}});
  check("Range", {scalar(1), scalar(2), scalar(0.25F)}, vec({1, 1.25F, 1.5F, 1.75F}));
  check("Range",
        {tensor<std::int64_t>({}, {5}), tensor<std::int64_t>({}, {0}),
         tensor<std::int64_t>({}, {-2})},
        ints({5, 3, 1}));
  check("EyeLike", {count({2, 3})}, mat(2, {0, 1, 0, 0, 0, 1}), {{"k", std::int64_t{1}}});
  check("OneHot", {ints({1, -1, 5}), scalar(3), vec({2, 9})}, mat(3, {2, 9, 2, 2, 2, 9, 2, 2, 2}));
  check("OneHot", {ints({1, 0}), scalar(2), vec({0, 1})}, mat(2, {0, 1, 1, 0}),
        {{"axis", std::int64_t{0}}});
  check("Shape", {count({2, 3})}, ints({2, 3}));
  check("Shape", {count({2, 3, 4})}, ints({3}),
        {{"start", std::int64_t{-2}}, {"end", std::int64_t{-1}}});
  check("Size", {count({2, 3})}, tensor<std::int64_t>({}, {6}));
}

TEST_CASE("what is cut or padded around the center keeps the odd element at the front") {
  const Tensor line = vec({1, 2, 3, 4, 5});
  check("CenterCropPad", {line, ints({2})}, vec({2, 3}));
  check("CenterCropPad", {line, ints({3})}, vec({2, 3, 4}));
  check("CenterCropPad", {line, ints({8})}, vec({0, 1, 2, 3, 4, 5, 0, 0}));
  check("CenterCropPad", {line, ints({5})}, line);
  const Tensor table = mat(2, {1, 2, 3, 4, 5, 6});
  check("CenterCropPad", {table, ints({4, 1})}, mat(4, {0, 2, 5, 0}));
  check("CenterCropPad", {table, ints({5})}, mat(2, {0, 1, 2, 3, 0, 0, 4, 5, 6, 0}),
        {{"axes", Integers{-1}}});
  check("CenterCropPad", {table, ints({1, 3})}, mat(1, {1, 2, 3}), {{"axes", Integers{0, 1}}});
  CHECK(failure("CenterCropPad", {table, ints({1})}) ==
        "the node it (CenterCropPad) has a wrong number of extents");
}
