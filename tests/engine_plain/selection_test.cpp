#include "one_node.hpp"

using namespace one_node;

TEST_CASE("a condition chooses elements or slices") {
  const Tensor x = mat(2, {1, 2, 3, 4});
  check("Compress", {x, bools({false, true, true})}, vec({2, 3}));
  check("Compress", {x, bools({false, true})}, mat(1, {3, 4}), {{"axis", std::int64_t{0}}});
  check("Compress", {x, bools({false, true})}, tensor<float>({2, 1}, {2, 4}),
        {{"axis", std::int64_t{-1}}});
  CHECK(failure("Compress", {x, bools({false, false, true})}, {{"axis", std::int64_t{0}}}) ==
        "the node it (Compress) chooses more than there is");
}

TEST_CASE("the places of what is not zero are listed by axis") {
  check("NonZero", {mat(2, {1, 0, -0.0F, 3})}, tensor<std::int64_t>({2, 2}, {0, 1, 0, 1}));
  check("NonZero", {bools({false, true})}, tensor<std::int64_t>({1, 1}, {1}));
}

TEST_CASE("distinct elements come sorted or as they appear") {
  const auto sorted = run("Unique", {vec({2, 1, 1, 3, 2})}, {}, 21, 4);
  CHECK(difference(sorted[0], vec({1, 2, 3})) == "");
  CHECK(difference(sorted[1], ints({1, 0, 3})) == "");
  CHECK(difference(sorted[2], ints({1, 0, 0, 2, 1})) == "");
  CHECK(difference(sorted[3], ints({2, 2, 1})) == "");
  const auto appearing =
      run("Unique", {vec({2, 1, 1, 3, 2})}, {{"sorted", std::int64_t{0}}}, 21, 4);
  CHECK(difference(appearing[0], vec({2, 1, 3})) == "");
  CHECK(difference(appearing[2], ints({0, 1, 1, 2, 0})) == "");
  check("Unique", {mat(3, {1, 0, 1, 0, 2, 3})}, mat(2, {1, 0, 2, 3}), {{"axis", std::int64_t{0}}});
}

TEST_CASE("boxes that overlap a better one are dropped") {
  const Tensor boxes = tensor<float>({1, 3, 4}, {0, 0, 2, 2, 0, 0, 2, 1.8F, 5, 5, 6, 6});
  const Tensor scores = tensor<float>({1, 1, 3}, {0.8F, 0.9F, 0.3F});
  const Tensor many = ints({5});
  check("NonMaxSuppression", {boxes, scores, many, vec({0.5F})},
        tensor<std::int64_t>({2, 3}, {0, 0, 1, 0, 0, 2}));
  check("NonMaxSuppression", {boxes, scores, many, vec({0.95F}), vec({0.5F})},
        tensor<std::int64_t>({2, 3}, {0, 0, 1, 0, 0, 0}));
  check("NonMaxSuppression", {boxes, scores, ints({1}), vec({0.5F})},
        tensor<std::int64_t>({1, 3}, {0, 0, 1}));
  check("NonMaxSuppression", {boxes, scores}, Tensor(DType::i64, {0, 3}));
}

TEST_CASE("losses weigh their targets and can ignore some") {
  const Tensor logs = mat(3, {-1, -2, -3, -4, -5, -6});
  const Tensor targets = ints({0, 1, 1});
  const auto reduced = [&](const char* reduction, const Tensor& expected) {
    check("NegativeLogLikelihoodLoss", {logs, targets, vec({1, 3})}, expected,
          {{"reduction", std::string(reduction)}});
  };
  reduced("none", vec({1, 12, 18}));
  reduced("sum", scalar(31));
  reduced("mean", scalar(31.0F / 7));
  check("NegativeLogLikelihoodLoss", {logs, ints({0, -1, 1})}, scalar(3.5F),
        {{"ignore_index", std::int64_t{-1}}});
  CHECK(failure("NegativeLogLikelihoodLoss", {logs, ints({0, 2, 1})}) ==
        "the node it (NegativeLogLikelihoodLoss) has the target 2 among 2 classes");
  const auto both =
      run("SoftmaxCrossEntropyLoss", {mat(1, {0, std::log(3.0F)}), ints({1})}, {}, 21, 2);
  CHECK(difference(both[0], scalar(std::log(4.0F / 3))) == "");
  CHECK(difference(both[1], mat(1, {std::log(0.25F), std::log(0.75F)})) == "");
}
