// Recurrent operators with one hidden number, against their equations written out.
#include "one_node.hpp"

using namespace one_node;

namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

Tensor cube(const Shape& shape, const std::vector<float>& values) {
  return tensor<float>(shape, values);
}

const std::vector<float> data{0.5F, -1, 2};

struct Gate {
  double w, r, b;
  double sum(double x, double h) const { return w * x + r * h + b; }
};

}  // namespace

TEST_CASE("LSTM follows its equations, peepholes and coupled gates included") {
  const Gate i{0.3, 0.4, 0.1};
  const Gate o{-0.2, 0.5, 0};
  const Gate f{0.7, -0.6, 0.2};
  const Gate c{0.9, 0.8, -0.1};
  const Tensor x = cube({3, 1, 1}, data);
  const Tensor w = cube({1, 4, 1}, {0.3F, -0.2F, 0.7F, 0.9F});
  const Tensor r = cube({1, 4, 1}, {0.4F, 0.5F, -0.6F, 0.8F});
  const Tensor b = tensor<float>({1, 8}, {0.05F, 0, 0.2F, -0.1F, 0.05F, 0, 0, 0});
  const Tensor p = tensor<float>({1, 3}, {0.2F, 0.3F, -0.4F});
  for (const bool couples : {false, true}) {
    double h = 0.1;
    double cell = -0.2;
    std::vector<float> states;
    for (const float each : data) {
      const double gate_i = sigmoid(i.sum(each, h) + 0.2 * cell);
      const double gate_f = couples ? 1 - gate_i : sigmoid(f.sum(each, h) - 0.4 * cell);
      cell = gate_f * cell + gate_i * std::tanh(c.sum(each, h));
      h = sigmoid(o.sum(each, h) + 0.3 * cell) * std::tanh(cell);
      states.push_back(static_cast<float>(h));
    }
    const auto results = run(
        "LSTM", {x, w, r, b, absent(), cube({1, 1, 1}, {0.1F}), cube({1, 1, 1}, {-0.2F}), p},
        {{"hidden_size", std::int64_t{1}}, {"input_forget", std::int64_t{couples ? 1 : 0}}}, 21, 3);
    CHECK(difference(results[0], cube({3, 1, 1, 1}, states)) == "");
    CHECK(difference(results[1], cube({1, 1, 1}, {states.back()})) == "");
    CHECK(difference(results[2], cube({1, 1, 1}, {static_cast<float>(cell)})) == "");
  }
}

TEST_CASE("GRU resets before or after the product") {
  const Gate z{0.3, 0.4, 0.1};
  const Gate r{-0.2, 0.5, 0};
  const Gate n{0.7, -0.6, 0.2};
  for (const bool reset_last : {false, true}) {
    double h = 0;
    std::vector<float> states;
    for (const float each : data) {
      const double reset = sigmoid(r.sum(each, h));
      const double state = reset_last ? reset * (n.r * h + 0.3) : n.r * (reset * h) + 0.3;
      const double update = sigmoid(z.sum(each, h));
      h = (1 - update) * std::tanh(n.w * each + n.b + state) + update * h;
      states.push_back(static_cast<float>(h));
    }
    check(
        "GRU",
        {cube({3, 1, 1}, data), cube({1, 3, 1}, {0.3F, -0.2F, 0.7F}),
         cube({1, 3, 1}, {0.4F, 0.5F, -0.6F}), tensor<float>({1, 6}, {0.1F, 0, 0.2F, 0, 0, 0.3F})},
        cube({3, 1, 1, 1}, states),
        {{"hidden_size", std::int64_t{1}},
         {"linear_before_reset", std::int64_t{reset_last ? 1 : 0}}});
  }
}

TEST_CASE("RNN goes forward, in reverse or both ways, each to its length") {
  const auto walk = [](std::vector<float> inputs, double w, double r) {
    double h = 0;
    for (float& each : inputs) each = static_cast<float>(h = std::tanh(w * each + r * h));
    return inputs;
  };
  const auto turned = [](std::vector<float> list) {
    std::reverse(list.begin(), list.end());
    return list;
  };
  const Tensor x = cube({3, 1, 1}, data);
  const Tensor w = cube({2, 1, 1}, {0.5F, -0.3F});
  const Tensor r = cube({2, 1, 1}, {0.2F, 0.4F});
  const std::vector<float> forward = walk(data, 0.5, 0.2);
  const std::vector<float> backward = turned(walk(turned(data), -0.3, 0.4));
  std::vector<float> both;
  for (std::size_t t = 0; t < 3; ++t) both.insert(both.end(), {forward[t], backward[t]});
  check("RNN", {x, w, r}, cube({3, 2, 1, 1}, both),
        {{"hidden_size", std::int64_t{1}}, {"direction", std::string("bidirectional")}});

  const auto first_two = turned(walk({data[1], data[0]}, 0.5, 0.2));
  check("RNN",
        {x, cube({1, 1, 1}, {0.5F}), cube({1, 1, 1}, {0.2F}), absent(),
         tensor<std::int32_t>({1}, {2})},
        cube({3, 1, 1, 1}, {first_two[0], first_two[1], 0}),
        {{"hidden_size", std::int64_t{1}}, {"direction", std::string("reverse")}});
  CHECK(failure("RNN",
                {x, cube({1, 1, 1}, {0.5F}), cube({1, 1, 1}, {0.2F}), absent(),
                 tensor<std::int32_t>({1}, {4})},
                {{"hidden_size", std::int64_t{1}}}) ==
        "the node it (RNN) has an impossible sequence length");
}

TEST_CASE("batch first, clipping and other activations are heeded") {
  const auto results =
      run("RNN", {cube({2, 2, 1}, {1, 2, 3, -4}), cube({1, 1, 1}, {1}), cube({1, 1, 1}, {0})},
          {{"hidden_size", std::int64_t{1}}, {"layout", std::int64_t{1}}, {"clip", 2.5F}}, 21, 2);
  const auto expected = [](double x) {
    return static_cast<float>(std::tanh(std::clamp(x, -2.5, 2.5)));
  };
  CHECK(difference(results[0], cube({2, 2, 1, 1},
                                    {expected(1), expected(2), expected(3), expected(-4)})) == "");
  CHECK(difference(results[1], cube({2, 1, 1}, {expected(2), expected(-4)})) == "");
}
