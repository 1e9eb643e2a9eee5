#include "ampd/dicts.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "ampd/error.hpp"

using namespace ampd;

namespace {

Dicts some_dicts() {
  Dicts dicts{1, "space", "model", "onednn", {}};
  constexpr double infinity = std::numeric_limits<double>::infinity();
  dicts.trials.push_back(
      {"a", {TrialState::done, 0.1 + 0.2, "", 1e-9, 123, Speedup{1.25, 0.1 + 0.7, 1.5}, 456, 789}});
  dicts.trials.push_back({"b", {TrialState::done, -infinity, "", 0, {}, {}, {}, {}}});
  dicts.trials.push_back({"c", {TrialState::failed, 0, "said \"no\"\n\u00e9", 2, {}, {}, {}, {}}});
  dicts.trials.push_back({"d", {TrialState::invalid, 0, "not a number", 3, {}, {}, {}, {}}});
  return dicts;
}

/// The text of some dicts with one part replaced.
std::string text_with(const std::string& part, const std::string& replacement) {
  std::string text = to_json(some_dicts());
  const std::size_t place = text.find(part);
  REQUIRE(place != std::string::npos);
  return text.replace(place, part.size(), replacement);
}

}  // namespace

TEST_CASE("dicts survive the way through their text exactly") {
  CHECK(dicts_from_json(to_json(some_dicts())) == some_dicts());
  CHECK(dicts_from_json(to_json(Dicts{})) == Dicts{});
}

TEST_CASE("text that is no dicts is refused with its name and the place") {
  struct Row {
    std::string text;
    const char* part;
  };
  const std::vector<Row> rows{
      {"", "is not JSON"},
      {"[]", "is not an object"},
      {"{}", "lacks the field \"strategy_version\""},
      {text_with("\"model\"", "7"), "has a \"model_digest\" that is no text"},
      {text_with("\"strategy_version\": 1", "\"strategy_version\": -1"), "that is no count"},
      {text_with("\"strategy_version\": 1", "\"strategy_version\": 4294967297"), "unknown version"},
      {text_with("\"fingerprint\"", "\"finger\""), "has the unknown field \"finger\""},
      {text_with("\"strategy_version\": 1", "\"strategy_version\": 1, \"space_digest\": \"\""),
       "has the key \"space_digest\" twice"},
      {text_with("123", "1.5"), ", trial 0 has a \"latency_ns\" that is no count"},
      {text_with("123", "18446744073709551615"), ", trial 0 has a \"latency_ns\""},
      {text_with("\"failed\"", "\"fail\""), ", trial 2 has the unknown state \"fail\""},
      {text_with("1e-09", "-1"), ", trial 0 took negative seconds"},
      {text_with("\"0xfff0000000000000\"", "\"0x7ff8000000000000\""), ", trial 1 has no accuracy"},
      {text_with("\"0xfff0000000000000\"", "\"much\""), ", trial 1, accuracy\" must be a number"},
      {text_with("\"reason\": \"not a number\",", ""), ", trial 3 lacks the field \"reason\""},
      {R"({"fingerprint": "", "model_digest": "", "space_digest": "", "strategy_version": 1,
           "trials": {}})",
       "has \"trials\" that are no list"},
      {R"({"fingerprint": "", "model_digest": "", "space_digest": "", "strategy_version": 1,
           "trials": [1]})",
       ", trial 0 is not an object"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    try {
      dicts_from_json(row.text, "dicts.json");
      FAIL("it was read");
    } catch (const Error& error) {
      const std::string sentence = error.what();
      CAPTURE(sentence);
      CHECK(error.code() == ErrorCode::invalid);
      CHECK(sentence.find("dicts.json") != std::string::npos);
      CHECK(sentence.find(row.part) != std::string::npos);
    }
  }
}
