#include "ampd/tune_config.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ampd/error.hpp"
#include "tuning/spaces.hpp"

using namespace ampd;
using tuning::config_of;
using tuning::space_of;

namespace {

std::string complaint_about(const std::string& text) {
  try {
    config_from_json(space_of("bbf"), text, "config.json");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a config counts its operators below fp32") {
  CHECK(config_of("bfb").low_ops() == 2);
  CHECK(config_of("bfb").fp32_ops() == 1);
  CHECK(fp32_config(space_of("bfb")) == config_of("fff"));
}

TEST_CASE("a config survives the way through its file, in the space's order") {
  const TuningSpace space = space_of("bbf");
  for (const char* letters : {"fff", "bff", "fbf", "bbf"}) {
    CHECK(config_from_json(space, to_json(space, config_of(letters))) == config_of(letters));
  }
  const std::string text = to_json(space, config_of("fbf"));
  CHECK(text ==
        "{\n  \"ops\": {\n    \"op0\": \"fp32\",\n    \"op1\": \"bf16\",\n"
        "    \"op2\": \"fp32\"\n  }\n}\n");
}

TEST_CASE("operators that a file does not name are fp32") {
  CHECK(config_from_json(space_of("bbf"), R"({"ops": {"op1": "bf16"}})") == config_of("fbf"));
  CHECK(config_from_json(space_of("bbf"), R"({"ops": {}})") == config_of("fff"));
}

TEST_CASE("a wrong config file is refused with its name, the place and the remedy") {
  struct Row {
    const char* text;
    const char* part;
  };
  const std::vector<Row> rows{
      {R"({"ops": {"op1": "bf16", "op1": "fp32"}})", "has the key \"op1\" twice"},
      {R"({"ops": {}, "ops": {}})", "has the key \"ops\" twice"},
      {R"({"ops": {"op9": "bf16"}})", "names the operator \"op9\""},
      {R"({"ops": {"op1": "bf17"}})", "unknown precision \"bf17\"; it is offered in fp32, bf16"},
      {R"({"ops": {"op2": "bf16"}})", "which this machine lacks; it is offered in fp32"},
      {R"({"ops": {"op1": 16}})", "gives the operator \"op1\" a value that is no text"},
      {R"({"ops": ["op1"]})", "\"ops\" that is no object"},
      {R"({"op": {}})", "unknown key \"op\""},
      {R"({})", "has no key \"ops\"; expected"},
      {R"([])", "is not a JSON object"},
      {"{\n\"ops\": {,}}", "is not JSON: parse error at line 2, column 9"},
      {"", "is not JSON"},
      {"{\"ops\": {}} x", "is not JSON"},
      {"{\"ops\": {\"\xff\": \"bf16\"}}", "is not JSON"},
      {"1e999", "is not JSON"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::string complaint = complaint_about(row.text);
    CAPTURE(complaint);
    CHECK(complaint.starts_with("config.json "));
    CHECK(complaint.find(row.part) != std::string::npos);
  }
}

TEST_CASE("a file that is too large is refused") {
  const std::string text(5 << 20, ' ');
  CHECK_THROWS_WITH_AS(config_from_json(space_of("b"), text, "config.json"),
                       doctest::Contains("config.json has 5242880 bytes"), Error);
}

TEST_CASE("a file nested without end is refused and not followed") {
  const std::string open(100'000, '[');
  for (const std::string& text : {open, open + std::string(100'000, ']')}) {
    CHECK(complaint_about(text).find("is nested deeper than") != std::string::npos);
  }
}

TEST_CASE("a name that is not UTF-8 cannot be written, and the error says so") {
  TuningSpace space = space_of("b");
  space.ops[0].name = "\xff";
  CHECK_THROWS_WITH_AS(to_json(space, config_of("b")), doctest::Contains("not UTF-8"), Error);
}

TEST_CASE("a digest tells configs and spaces apart") {
  const TuningSpace space = space_of("bb");
  CHECK(digest(space, config_of("bf")) == digest(space, config_of("bf")));
  CHECK(digest(space, config_of("bf")) != digest(space, config_of("fb")));
  TuningSpace other = space;
  other.ops[0].name = "other";
  CHECK(digest(space, config_of("bf")) != digest(other, config_of("bf")));
}

TEST_CASE("a space's digest changes with all that the space says") {
  const TuningSpace space = space_of("bb");
  CHECK(digest(space) == digest(space_of("bb")));
  std::vector<TuningSpace> others(7, space);
  others[0].ops[1].name = "x";
  others[1].ops[1].type = "x";
  others[2].ops[1].precisions.pop_back();
  others[3].ops[1].pinned = Precision::fp32;
  others[4].ops[1].weight_count = 1;
  others[5].target = Precision::fp16;
  others[6].other_weight_count = 1;
  for (const TuningSpace& other : others) CHECK(digest(other) != digest(space));
}

TEST_CASE("a digest never changes: databases hold it") {
  CHECK(digest(space_of("bb"), config_of("bf")) ==
        "5e6e9a93562fc0a241060e19a935285fbfe5a4845ca085b1d32a5384a32b1374");
}
