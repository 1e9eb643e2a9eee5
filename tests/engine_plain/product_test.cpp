// Matrix products, convolutions, pools and normalizations against loops written out here.
#include <functional>
#include <random>

#include "one_node.hpp"

using namespace one_node;

namespace {

Tensor noise(const Shape& shape, int seed, float lowest = -1) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uniform_real_distribution<float> uniform(lowest, 1);
  Tensor value(DType::f32, shape);
  for (float& element : value.mutable_values<float>()) element = uniform(random);
  return value;
}

/// The tensor whose element at (a, b, c, d) is function(a, b, c, d).
using At = std::function<double(std::int64_t, std::int64_t, std::int64_t, std::int64_t)>;
Tensor filled(const Shape& shape, const At& function) {
  Tensor value(DType::f32, shape);
  auto next = value.mutable_values<float>().begin();
  for (std::int64_t a = 0; a < shape[0]; ++a) {
    for (std::int64_t b = 0; b < shape[1]; ++b) {
      for (std::int64_t c = 0; c < shape[2]; ++c) {
        for (std::int64_t d = 0; d < shape[3]; ++d)
          *next++ = static_cast<float>(function(a, b, c, d));
      }
    }
  }
  return value;
}

double at(const Tensor& x, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  const Shape& s = x.shape();
  if (c < 0 || d < 0 || c >= s[2] || d >= s[3]) return 0;
  return x.values<float>()[static_cast<std::size_t>(((a * s[1] + b) * s[2] + c) * s[3] + d)];
}

}  // namespace

TEST_CASE("matrix products broadcast their batches and work in every type") {
  check_in(number_types, "MatMul", {mat(2, {1, 2, 3, 4}), mat(2, {5, 6, 7, 0})},
           mat(2, {19, 6, 43, 18}));
  check("MatMul", {vec({1, 2}), mat(2, {5, 6, 7, 8})}, vec({19, 22}));
  check("MatMul", {mat(2, {5, 6, 7, 8}), vec({1, 2})}, vec({17, 23}));
  check("MatMul", {vec({1, 2}), vec({3, 4})}, scalar(11));
  const Tensor a = noise({2, 1, 3, 4}, 1);
  const Tensor b = noise({1, 2, 4, 5}, 2);
  check("MatMul", {a, b}, filled({2, 2, 3, 5}, [&](auto i, auto k, auto r, auto c) {
          double sum = 0;
          for (std::int64_t m = 0; m < 4; ++m) sum += at(a, i, 0, r, m) * at(b, 0, k, m, c);
          return sum;
        }));
}

TEST_CASE("Gemm transposes, scales and adds") {
  const Attributes all{
      {"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}, {"alpha", 2.0F}, {"beta", 0.5F}};
  check("Gemm", {mat(2, {1, 3, 2, 4}), mat(2, {5, 7, 6, 8}), vec({2, 4})},
        mat(2, {39, 46, 87, 102}), all);
  check_in(real_types, "Gemm", {mat(1, {1, 2}), mat(2, {3, 4, 5, 6})}, mat(1, {13, 16}));
}

TEST_CASE("convolutions sum over window and group") {
  const Tensor x = noise({2, 4, 5, 6}, 1);
  const Tensor w = noise({6, 2, 3, 2}, 2);
  const Tensor bias = noise({6}, 3);
  const auto expected = filled({2, 6, 3, 3}, [&](auto n, auto m, auto r, auto c) {
    double sum = bias.values<float>()[static_cast<std::size_t>(m)];
    for (std::int64_t k = 0; k < 2; ++k) {
      for (std::int64_t i = 0; i < 3; ++i) {
        for (std::int64_t j = 0; j < 2; ++j) {
          sum += at(x, n, m / 3 * 2 + k, r * 2 - 1 + i, c * 2 - 1 + j * 3) * at(w, m, k, i, j);
        }
      }
    }
    return sum;
  });
  check("Conv", {x, w, bias}, expected,
        {{"group", std::int64_t{2}},
         {"strides", Integers{2, 2}},
         {"pads", Integers{1, 1, 1, 1}},
         {"dilations", Integers{1, 3}}});
  check("Conv", {tensor<float>({1, 1, 4}, {1, 2, 3, 4}), tensor<float>({1, 1, 2}, {1, 10})},
        tensor<float>({1, 1, 3}, {21, 32, 43}));
}

TEST_CASE("SAME pads put the odd pixel at the end or at the beginning") {
  const Tensor x = tensor<float>({1, 1, 4}, {1, 2, 3, 4});
  const Tensor w = tensor<float>({1, 1, 2}, {1, 10});
  check("Conv", {x, w}, tensor<float>({1, 1, 4}, {21, 32, 43, 4}),
        {{"auto_pad", std::string("SAME_UPPER")}});
  check("Conv", {x, w}, tensor<float>({1, 1, 4}, {10, 21, 32, 43}),
        {{"auto_pad", std::string("SAME_LOWER")}});
}

TEST_CASE("transposed convolutions spread what convolutions gather") {
  check("ConvTranspose",
        {tensor<float>({1, 1, 2}, {1, 2}), tensor<float>({1, 2, 3}, {1, 2, 3, 10, 20, 30})},
        tensor<float>({1, 2, 5}, {1, 2, 5, 4, 6, 10, 20, 50, 40, 60}), {{"strides", Integers{2}}});
  const Tensor x = noise({2, 4, 3, 3}, 1);
  const Tensor w = noise({4, 3, 2, 2}, 2);
  const auto expected = filled({2, 6, 5, 5}, [&](auto n, auto m, auto r, auto c) {
    double sum = 0;
    for (std::int64_t k = 0; k < 2; ++k) {
      const std::int64_t source = m / 3 * 2 + k;
      for (std::int64_t i = 0; i < 2; ++i) {
        for (std::int64_t j = 0; j < 2; ++j) {
          const std::int64_t y = r + 1 - i;
          const std::int64_t z = c + 1 - j;
          if (y % 2 == 0 && z % 2 == 0)
            sum += at(x, n, source, y / 2, z / 2) * at(w, source, m % 3, i, j);
        }
      }
    }
    return sum;
  });
  check("ConvTranspose", {x, w}, expected,
        {{"group", std::int64_t{2}}, {"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 0, 0}}});
}

TEST_CASE("pools take the largest, the average or the norm of their windows") {
  const Tensor x = tensor<float>({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  const Integers two{2, 2};
  check_in(number_types, "MaxPool", {x}, tensor<float>({1, 1, 2, 2}, {5, 6, 8, 9}),
           {{"kernel_shape", two}});
  check("AveragePool", {x}, tensor<float>({1, 1, 2, 2}, {3, 4, 6, 7}), {{"kernel_shape", two}});
  const Attributes padded{{"kernel_shape", two}, {"strides", two}, {"pads", Integers{1, 1, 0, 0}}};
  check("AveragePool", {x}, tensor<float>({1, 1, 2, 2}, {1, 2.5F, 5.5F, 7}), padded);
  Attributes counted = padded;
  counted.emplace_back("count_include_pad", std::int64_t{1});
  check("AveragePool", {x}, tensor<float>({1, 1, 2, 2}, {0.25F, 1.25F, 2.75F, 7}), counted);
  check("LpPool", {x}, tensor<float>({1, 1, 2, 2}, {12, 16, 24, 28}),
        {{"kernel_shape", two}, {"p", std::int64_t{1}}});
  check("GlobalAveragePool", {x}, tensor<float>({1, 1, 1, 1}, {5}));
  check("GlobalMaxPool", {x}, tensor<float>({1, 1, 1, 1}, {9}));
  check("GlobalLpPool", {x}, tensor<float>({1, 1, 1, 1}, {std::sqrt(285.0F)}));
  check("MaxPool", {x}, tensor<float>({1, 1, 2, 2}, {5, 6, 8, 9}),
        {{"kernel_shape", two}, {"strides", two}, {"ceil_mode", std::int64_t{1}}});
}

TEST_CASE("a max pool says where, and an unpool puts back") {
  const Tensor x = tensor<float>({1, 2, 2, 2}, {1, 4, 3, 2, 8, 5, 6, 7});
  const auto pooled = run("MaxPool", {x}, {{"kernel_shape", Integers{2, 2}}}, 21, 2);
  CHECK(difference(pooled[1], tensor<std::int64_t>({1, 2, 1, 1}, {1, 4})) == "");
  const auto columns =
      run("MaxPool", {x}, {{"kernel_shape", Integers{2, 2}}, {"storage_order", std::int64_t{1}}},
          21, 2);
  CHECK(difference(columns[1], tensor<std::int64_t>({1, 2, 1, 1}, {2, 4})) == "");
  check("MaxUnpool", {pooled[0], pooled[1]}, tensor<float>({1, 2, 2, 2}, {0, 4, 0, 0, 8, 0, 0, 0}),
        {{"kernel_shape", Integers{2, 2}}});
  CHECK(failure("MaxUnpool", {pooled[0], tensor<std::int64_t>({1, 2, 1, 1}, {9, 1})},
                {{"kernel_shape", Integers{2, 2}}}) ==
        "the node it (MaxUnpool) has an index outside of its result");
}

TEST_CASE("normalizations use the right mean and variance") {
  const Tensor x = tensor<float>({1, 2, 2}, {1, 3, 10, 30});
  const Attributes exact{{"epsilon", 0.0F}};
  check("BatchNormalization", {x, vec({2, 1}), vec({1, 0}), vec({1, 10}), vec({4, 100})},
        tensor<float>({1, 2, 2}, {1, 3, 0, 2}), exact);
  check("InstanceNormalization", {x, vec({2, 1}), vec({1, 0})},
        tensor<float>({1, 2, 2}, {-1, 3, -1, 1}), exact);
  check("LayerNormalization", {x, vec({2, 1}), vec({1, 0})},
        tensor<float>({1, 2, 2}, {-1, 1, -1, 1}), exact);
  check("LpNormalization", {mat(2, {3, 4, 0, 0})}, mat(2, {0.6F, 0.8F, 0, 0}));
  check("LpNormalization", {mat(1, {-1, 3})}, mat(1, {-0.25F, 0.75F}), {{"p", std::int64_t{1}}});
}

TEST_CASE("local response looks at the channels around") {
  const Tensor x = tensor<float>({1, 4, 1, 1}, {1, 2, 3, 4});
  const auto scaled = [](double value, double squares) {
    return static_cast<float>(value / std::pow(2 + 0.3 / 3 * squares, 0.5));
  };
  check("LRN", {x},
        tensor<float>({1, 4, 1, 1}, {scaled(1, 5), scaled(2, 14), scaled(3, 29), scaled(4, 25)}),
        {{"size", std::int64_t{3}}, {"alpha", 0.3F}, {"beta", 0.5F}, {"bias", 2.0F}});
}

TEST_CASE("softmax and its kin along any axis, at any height") {
  check_in(real_types, "Softmax", {mat(1, {0, std::log(3.0F)})}, mat(1, {0.25F, 0.75F}));
  check("Softmax", {mat(2, {1000, 0, 1000, 0})}, mat(2, {0.5F, 0.5F, 0.5F, 0.5F}),
        {{"axis", std::int64_t{0}}});
  check("LogSoftmax", {mat(1, {0, 0})}, mat(1, {-0.6931472F, -0.6931472F}));
  check("Hardmax", {mat(2, {1, 3, 3, 2, 0, 1})}, mat(2, {0, 1, 0, 1, 0, 0}));
  check("Softmax", {tensor<float>({1, 2, 2}, {0, 0, 0, 0})},
        tensor<float>({1, 2, 2}, {0.25F, 0.25F, 0.25F, 0.25F}), {}, 9);
}

TEST_CASE("groups of channels are normalized together, by scales per channel or per group") {
  const Tensor x = tensor<float>({1, 4, 1}, {1, 3, 10, 30});
  const Attributes two{{"num_groups", std::int64_t{2}}, {"epsilon", 0.0F}};
  check("GroupNormalization", {x, vec({1, 2, 1, 1}), vec({0, 0, 5, 0})},
        tensor<float>({1, 4, 1}, {-1, 2, 4, 1}), two);
  check("GroupNormalization", {x, vec({1, 2}), vec({0, 5})},
        tensor<float>({1, 4, 1}, {-1, 1, 3, 7}), two, 18);
  check("MeanVarianceNormalization", {tensor<float>({2, 1, 1, 1}, {1, 3})},
        tensor<float>({2, 1, 1, 1}, {-1, 1}));
  check("MeanVarianceNormalization", {mat(2, {1, 3, 10, 30})}, mat(2, {-1, 1, -1, 1}),
        {{"axes", Integers{-1}}});
}

TEST_CASE("Einsum sums over what its output lacks") {
  const Tensor a = mat(2, {1, 2, 3, 4});
  const Tensor b = mat(2, {5, 6, 7, 8});
  const auto by = [](const std::string& equation) { return Attributes{{"equation", equation}}; };
  check("Einsum", {a, b}, mat(2, {19, 22, 43, 50}), by("ij,jk->ik"));
  check("Einsum", {a, b}, mat(2, {19, 22, 43, 50}), by("ij, jk"));
  check("Einsum", {a}, mat(2, {1, 3, 2, 4}), by("ij->ji"));
  check("Einsum", {a}, scalar(5), by("ii->"));
  check("Einsum", {a}, vec({1, 4}), by("ii->i"));
  check("Einsum", {a, b}, scalar(70), by("...,...->"));
  check("Einsum", {tensor<float>({1, 2, 2}, {1, 2, 3, 4}), tensor<float>({2, 2, 1}, {1, 1, 2, 0})},
        tensor<float>({2, 2, 1}, {3, 7, 2, 6}), by("...ij,...jk->...ik"));
  CHECK(failure("Einsum", {a, b}, by("ij,jk->iq")).find("an output axis that no input has") !=
        std::string::npos);
  CHECK(failure("Einsum", {a}, by("ij,jk->ik")).find("another number of inputs") !=
        std::string::npos);
  CHECK(failure("Einsum", {a, vec({1, 2, 3})}, by("ij,j->i"))
            .find("disagree about an axis: 2 and 3") != std::string::npos);
}

TEST_CASE("determinants by elimination") {
  check("Det", {mat(2, {1, 2, 3, 4})}, scalar(-2));
  check("Det", {tensor<float>({2, 3, 3}, {0, 1, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 5, 0, 4})},
        vec({-1, 24}));
  check("Det", {mat(2, {1, 2, 2, 4})}, scalar(0));
}

TEST_CASE("bent windows sample between pixels, by group, offset group and mask") {
  const Tensor x = noise({2, 4, 5, 6}, 1);
  const Tensor w = noise({6, 2, 3, 2}, 2);
  const Tensor offsets = noise({2, 24, 3, 3}, 3, -3);
  const Tensor bias = noise({6}, 4);
  const Tensor mask = noise({2, 12, 3, 3}, 5);
  const auto between = [&](auto n, auto channel, double y, double x_place) {
    const auto top = static_cast<std::int64_t>(std::floor(y));
    const auto left = static_cast<std::int64_t>(std::floor(x_place));
    const double down = y - std::floor(y);
    const double right = x_place - std::floor(x_place);
    return (at(x, n, channel, top, left) * (1 - right) + at(x, n, channel, top, left + 1) * right) *
               (1 - down) +
           (at(x, n, channel, top + 1, left) * (1 - right) +
            at(x, n, channel, top + 1, left + 1) * right) *
               down;
  };
  const auto expected = [&](bool is_masked) {
    return filled({2, 6, 3, 3}, [&](auto n, auto m, auto r, auto c) {
      double sum = is_masked ? bias.values<float>()[static_cast<std::size_t>(m)] : 0;
      for (std::int64_t k = 0; k < 2; ++k) {
        const std::int64_t channel = m / 3 * 2 + k;
        const std::int64_t group = channel / 2;
        for (std::int64_t i = 0; i < 3; ++i) {
          for (std::int64_t j = 0; j < 2; ++j) {
            const std::int64_t element = group * 6 + i * 2 + j;
            const auto y = static_cast<double>(r * 2 - 1 + i) + at(offsets, n, element * 2, r, c);
            const auto place =
                static_cast<double>(c * 2 - 1 + j * 3) + at(offsets, n, element * 2 + 1, r, c);
            sum += between(n, channel, y, place) * at(w, m, k, i, j) *
                   (is_masked ? at(mask, n, element, r, c) : 1);
          }
        }
      }
      return sum;
    });
  };
  const Attributes attributes{{"group", std::int64_t{2}},       {"offset_group", std::int64_t{2}},
                              {"kernel_shape", Integers{3, 2}}, {"pads", Integers{1, 1, 1, 1}},
                              {"strides", Integers{2, 2}},      {"dilations", Integers{1, 3}}};
  check("DeformConv", {x, w, offsets, bias, mask}, expected(true), attributes);
  check("DeformConv", {x, w, offsets}, expected(false), attributes);
  check("DeformConv", {x, w, offsets, absent(), tensor(mask.shape(), std::vector<float>(216, 1))},
        expected(false), attributes);
  CHECK(failure("DeformConv", {x, w, noise({2, 12, 3, 3}, 3)}, attributes) ==
        "the node it (DeformConv) has offsets or a mask of shape 2x12x3x3 where "
        "2x24x3x3 is expected");
}

TEST_CASE("bent windows without offsets are windows, in one axis and in three") {
  for (const Shape& extents : {Shape{7}, Shape{5, 4, 6}}) {
    Shape input{1, 2};
    Shape weights{3, 2};
    input.insert(input.end(), extents.begin(), extents.end());
    weights.resize(extents.size() + 2, 2);
    const Tensor x = noise(input, 1);
    const Tensor w = noise(weights, 2);
    const Tensor expected = run("Conv", {x, w})[0];
    Shape offsets = expected.shape();
    offsets[1] = std::ssize(extents) * (1 << extents.size());
    check("DeformConv", {x, w, Tensor(DType::f32, offsets)}, expected);
  }
}

TEST_CASE("columns add up to the image that they were cut from") {
  const Tensor columns = noise({2, 12, 12}, 1);
  const auto expected = filled({2, 2, 5, 6}, [&](auto n, auto channel, auto row, auto column) {
    double sum = 0;
    for (std::int64_t y = 0; y < 3; ++y) {
      for (std::int64_t x = 0; x < 4; ++x) {
        for (std::int64_t i = 0; i < 3; ++i) {
          for (std::int64_t j = 0; j < 2; ++j) {
            if (y * 2 - 1 + i != row || x * 2 - 2 + j * 2 != column) continue;
            const std::int64_t from = ((n * 12 + channel * 6 + i * 2 + j) * 12) + y * 4 + x;
            sum += columns.values<float>()[static_cast<std::size_t>(from)];
          }
        }
      }
    }
    return sum;
  });
  const Attributes attributes{
      {"pads", Integers{1, 2, 1, 2}}, {"strides", Integers{2, 2}}, {"dilations", Integers{1, 2}}};
  check("Col2Im", {columns, ints({5, 6}), ints({3, 2})}, expected, attributes);
  for (const DType dtype : number_types) {
    const Tensor typed = ampd::tensor::convert(tensor<float>({1, 2, 3}, {1, 2, 3, 4, 5, 6}), dtype);
    check("Col2Im", {typed, ints({4}), ints({2})},
          ampd::tensor::convert(tensor<float>({1, 1, 4}, {1, 6, 8, 6}), dtype));
  }
  CHECK(failure("Col2Im", {columns, ints({5, 7}), ints({3, 2})}) ==
        "the node it (Col2Im) has columns of shape 2x12x12 for a block of 6 at 18 places");
}
