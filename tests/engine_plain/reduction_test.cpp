#include "one_node.hpp"

using namespace one_node;

TEST_CASE("reductions over an axis, over all and over nothing") {
  const Tensor x = mat(2, {1, 2, 3, 4, 5, 6});
  check_in(number_types, "ReduceSum", {x}, tensor<float>({1, 1}, {21}));
  const auto columns = [&x](const char* op_type, const std::vector<float>& expected) {
    check(op_type, {x, ints({0})}, vec(expected), {{"keepdims", std::int64_t{0}}});
    check(op_type, {x, ints({-2})}, mat(1, expected));
  };
  columns("ReduceSum", {5, 7, 9});
  columns("ReduceMean", {2.5F, 3.5F, 4.5F});
  columns("ReduceMax", {4, 5, 6});
  columns("ReduceMin", {1, 2, 3});
  columns("ReduceProd", {4, 10, 18});
  columns("ReduceL1", {5, 7, 9});
  columns("ReduceL2", {4.1231056F, 5.3851648F, 6.7082039F});
  columns("ReduceSumSquare", {17, 29, 45});
  columns("ReduceLogSum", {1.6094379F, 1.9459101F, 2.1972246F});
  columns("ReduceLogSumExp", {4.0485874F, 5.0485874F, 6.0485874F});
  check("ReduceSum", {x, Tensor(DType::i64, {0})}, x, {{"noop_with_empty_axes", std::int64_t{1}}});
  check("ReduceMax", {mat(2, {1, 7, 3, 4})}, tensor<float>({1, 1}, {7}), {}, 7);
}

TEST_CASE("reductions keep their meaning at the edges") {
  const float inf = std::numeric_limits<float>::infinity();
  check("ReduceLogSumExp", {vec({1000, 1000})}, vec({1000.6931F}));
  check("ReduceLogSumExp", {vec({-inf, -inf})}, vec({-inf}));
  check("ReduceSum", {Tensor(DType::f32, {2, 0}), ints({1})}, tensor<float>({2, 1}, {0, 0}));
  check("ReduceMax", {Tensor(DType::f32, {0})}, vec({-inf}));
  check("ReduceL1", {ints({-3, 4})}, ints({7}));
  check("ReduceMean", {ints({-3, 4, 4})}, ints({1}));
  check("ReduceMax", {bools({false, true})}, bools({true}));
  check("ReduceMin", {bools({false, true})}, bools({false}));
  check("ReduceMax", {vec({1, std::nanf(""), 2})}, vec({std::nanf("")}));
  const std::vector<float> many(100'000, 0.1F);
  check("ReduceSum", {vec(many)}, vec({10000.0F}));  // in double: no error grows
}

TEST_CASE("the place of the largest and the smallest") {
  const Tensor x = mat(2, {3, 1, 3, 2, 5, 5});
  const Attributes rows{{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}};
  check("ArgMax", {x}, ints({0, 1}), rows);
  check("ArgMin", {x}, ints({1, 0}), rows);
  check("ArgMax", {x}, tensor<std::int64_t>({2, 1}, {2, 2}),
        {{"axis", std::int64_t{-1}}, {"select_last_index", std::int64_t{1}}});
  check("ArgMax", {x}, tensor<std::int64_t>({1, 3}, {0, 1, 1}));
}

TEST_CASE("running sums go either way, with or without the element itself") {
  const Tensor axis = tensor<std::int64_t>({}, {0});
  const Tensor x = vec({1, 2, 3});
  check("CumSum", {x, axis}, vec({1, 3, 6}));
  check("CumSum", {x, axis}, vec({0, 1, 3}), {{"exclusive", std::int64_t{1}}});
  check("CumSum", {x, axis}, vec({6, 5, 3}), {{"reverse", std::int64_t{1}}});
  check("CumSum", {x, axis}, vec({5, 3, 0}),
        {{"exclusive", std::int64_t{1}}, {"reverse", std::int64_t{1}}});
}

TEST_CASE("the top k come in order, equal ones by index, NaN above all") {
  const auto largest = run("TopK", {vec({3, 1, 4, 1, 4}), ints({3})}, {}, 21, 2);
  CHECK(difference(largest[0], vec({4, 4, 3})) == "");
  CHECK(difference(largest[1], ints({2, 4, 0})) == "");
  const auto smallest = run("TopK", {mat(2, {3, 1, 2, 6, 5, 4}), ints({1})},
                            {{"axis", std::int64_t{0}}, {"largest", std::int64_t{0}}}, 21, 2);
  CHECK(difference(smallest[0], mat(1, {3, 1, 2})) == "");
  CHECK(difference(smallest[1], tensor<std::int64_t>({1, 3}, {0, 0, 0})) == "");
  const auto odd = run("TopK", {vec({1, std::nanf(""), 2, std::nanf("")}), ints({4})}, {}, 21, 2);
  CHECK(difference(odd[1], ints({1, 3, 2, 0})) == "");
  check("TopK", {vec({1, 2})}, vec({2}), {{"k", std::int64_t{1}}}, 7);
}
