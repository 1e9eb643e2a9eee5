#include "job/nearest.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace ampd::job;

TEST_CASE("typing errors are counted, a swap as one") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("model", "modle") == 1);
  CHECK(edit_distance("metric", "metrics") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a near word is suggested, a far one is not") {
  const std::vector<std::string> known{"model", "evaluation", "tuning", "accuracy_criterion",
                                       "nas"};
  CHECK(nearest("modle", known) == "model");
  CHECK(nearest("Evaluatoin", known) == "evaluation");
  CHECK(nearest("criterion", known) == "accuracy_criterion");
  CHECK(nearest("car", known) == "");
  CHECK(nearest("person", known) == "");
  CHECK(nearest("", known) == "");
  CHECK(nearest(std::string(100000, 'x'), known) == "");
}
