#include "one_node.hpp"

using namespace one_node;

namespace {

template <class T>
Tensor list(const std::vector<T>& values) {
  return tensor<T>({std::ssize(values)}, values);
}

using Bytes = std::vector<std::uint8_t>;
using SignedBytes = std::vector<std::int8_t>;

}  // namespace

TEST_CASE("quantizing rounds to even and keeps within the type") {
  check("QuantizeLinear", {vec({0, 1, 3, 1000, -1000}), scalar(2), tensor<std::uint8_t>({}, {128})},
        list<std::uint8_t>({128, 128, 130, 255, 0}));
  check("QuantizeLinear", {vec({1, -3, 600}), scalar(2)}, list<std::uint8_t>({0, 0, 255}));
  check("QuantizeLinear", {mat(2, {1, 2, 3, 4}), vec({1, 2}), list<std::int8_t>({0, 10})},
        tensor<std::int8_t>({2, 2}, {1, 11, 3, 12}));
  check("QuantizeLinear", {mat(2, {1, 2, 3, 4}), vec({1, 2})},
        tensor<std::int16_t>({2, 2}, {1, 2, 2, 2}),
        {{"axis", std::int64_t{0}}, {"output_dtype", std::int64_t{5}}});
}

TEST_CASE("dequantizing goes back, also in blocks") {
  check("DequantizeLinear",
        {list<std::uint8_t>({128, 130, 0}), scalar(2), tensor<std::uint8_t>({}, {128})},
        vec({0, 4, -256}));
  check("DequantizeLinear", {tensor<std::int8_t>({1, 4}, {1, 2, 3, 4}), mat(1, {1, 10})},
        mat(1, {1, 2, 30, 40}), {{"axis", std::int64_t{1}}, {"block_size", std::int64_t{2}}});
  CHECK(failure("DequantizeLinear", {tensor<std::int8_t>({1, 3}, {1, 2, 3}), vec({1, 2})}) ==
        "the node it (DequantizeLinear) has a scale that does not fit its axis");
}

TEST_CASE("the dynamic form finds its own scale") {
  const auto results = run("DynamicQuantizeLinear", {vec({-1, 0, 1.55F})}, {}, 21, 3);
  CHECK(difference(results[0], list<std::uint8_t>({0, 100, 255})) == "");
  CHECK(difference(results[1], scalar(0.01F)) == "");
  CHECK(difference(results[2], tensor<std::uint8_t>({}, {100})) == "");
}

TEST_CASE("products of integers take off their zero points") {
  const Tensor a = tensor<std::uint8_t>({1, 2}, Bytes{5, 7});
  const Tensor b = tensor<std::int8_t>({2, 2}, SignedBytes{1, -2, 3, 4});
  check("MatMulInteger", {a, b}, tensor<std::int32_t>({1, 2}, {26, 18}));
  check("MatMulInteger", {a, b, tensor<std::uint8_t>({}, {5}), list<std::int8_t>({1, 2})},
        tensor<std::int32_t>({1, 2}, {4, 4}));
  check("ConvInteger",
        {tensor<std::uint8_t>({1, 1, 3}, Bytes{1, 2, 3}),
         tensor<std::uint8_t>({1, 1, 2}, Bytes{1, 2}), tensor<std::uint8_t>({}, {1})},
        tensor<std::int32_t>({1, 1, 2}, {2, 5}));
}

TEST_CASE("quantized products are scaled, shifted and saturated") {
  const Tensor one = tensor<std::uint8_t>({}, {1});
  const Tensor a = tensor<std::uint8_t>({1, 2}, Bytes{5, 7});
  const Tensor b = tensor<std::uint8_t>({2, 2}, Bytes{1, 2, 3, 200});
  check("QLinearMatMul",
        {a, scalar(0.5F), one, b, scalar(2), one, scalar(4), tensor<std::uint8_t>({}, {3})},
        tensor<std::uint8_t>({1, 2}, Bytes{6, 255}));
  check("QLinearConv",
        {tensor<std::uint8_t>({1, 1, 2}, Bytes{3, 5}), scalar(0.5F), one,
         tensor<std::uint8_t>({2, 1, 1}, Bytes{3, 5}), vec({1, 2}), list<std::uint8_t>({1, 1}),
         scalar(1), one, tensor<std::int32_t>({2}, {0, 4})},
        tensor<std::uint8_t>({1, 2, 2}, Bytes{3, 5, 13, 21}));
}
