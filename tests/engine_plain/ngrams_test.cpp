#include "one_node.hpp"

using namespace one_node;

namespace {

constexpr std::int64_t one = 1;
constexpr std::int64_t two = 2;

/// Single tokens 2 and 3, pairs (5, 4), (5, 6) and (7, 8), for the places 4, 3, 2, 1 and 0.
Attributes pool(const std::string& mode, std::int64_t min, std::int64_t max, std::int64_t skips) {
  return {{"mode", mode},
          {"min_gram_length", min},
          {"max_gram_length", max},
          {"max_skip_count", skips},
          {"ngram_counts", Integers{0, 2}},
          {"ngram_indexes", Integers{4, 3, 2, 1, 0}},
          {"pool_int64s", Integers{2, 3, 5, 4, 5, 6, 7, 8}},
          {"weights", std::vector<float>{10, 20, 30, 40, 50}}};
}

}  // namespace

TEST_CASE("runs of tokens are counted, with or without gaps") {
  const Tensor tokens = ints({2, 5, 2, 4, 5, 6, 7, 8, 3});
  check("TfIdfVectorizer", {tokens}, vec({1, 1, 0, 1, 2}), pool("TF", one, two, 0));
  check("TfIdfVectorizer", {tokens}, vec({1, 1, 1, 1, 2}), pool("TF", one, two, 1));
  check("TfIdfVectorizer", {tokens}, vec({1, 2, 1, 1, 2}), pool("TF", one, two, 5));
  check("TfIdfVectorizer", {tokens}, vec({1, 1, 0, 0, 0}), pool("TF", two, two, 0));
  check("TfIdfVectorizer", {tokens}, vec({0, 0, 0, 1, 2}), pool("TF", one, one, 5));
}

TEST_CASE("counts are cut to one, weighted, or both") {
  const Tensor tokens = tensor<std::int32_t>({2, 3}, {2, 2, 3, 7, 8, 9});
  check("TfIdfVectorizer", {tokens}, mat(2, {0, 0, 0, 20, 10, 50, 0, 0, 0, 0}),
        pool("IDF", one, two, 0));
  check("TfIdfVectorizer", {tokens}, mat(2, {0, 0, 0, 20, 20, 50, 0, 0, 0, 0}),
        pool("TFIDF", one, two, 0));
  check("TfIdfVectorizer", {tensor<std::int64_t>({0}, {})}, vec({0, 0, 0, 0, 0}),
        pool("TF", one, two, 3));
}

TEST_CASE("a pool that does not fit its counts is refused") {
  Attributes attributes = pool("TF", one, two, 0);
  attributes.push_back({"ignored", one});
  attributes[4].second = Integers{0, 3};
  CHECK(failure("TfIdfVectorizer", {ints({1})}, attributes) ==
        "the node it (TfIdfVectorizer) has ngram_counts that do not fit its pool");
  attributes = pool("TFX", one, two, 0);
  CHECK(failure("TfIdfVectorizer", {ints({1})}, attributes) ==
        "the node it (TfIdfVectorizer) has the mode TFX");
}
