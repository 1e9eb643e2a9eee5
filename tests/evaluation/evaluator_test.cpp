#include "evaluation/evaluator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <chrono>

#include "ampd/error.hpp"
#include "data/npy.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

namespace {

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

/// A checkpoint as it comes back from another process.
nlohmann::json through_text(const nlohmann::json& state) {
  return nlohmann::json::parse(state.dump());
}

Observer collecting(std::vector<nlohmann::json>& checkpoints) {
  Observer observer;
  observer.checkpoint_interval = {};
  observer.checkpoint = [&](const nlohmann::json& state) {
    checkpoints.push_back(through_text(state));
  };
  return observer;
}

std::int64_t argmax(std::span<const float> scores) {
  return std::ranges::max_element(scores) - scores.begin();
}

/// The right answers of the fp32 model, counted without evaluator, loader and metric.
std::int64_t right_answers(const SmallModel& small) {
  const auto x = data::read_npy(small.path("x.npy"));
  const auto y = data::read_npy(small.path("y.npy"));
  const auto outputs = small.load()->program({{"x", x.shape()}}, {})->run({{"x", x}});
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < SmallModel::samples; ++i) {
    const auto row = outputs[0].values<float>().subspan(
        static_cast<std::size_t>(i * SmallModel::classes), SmallModel::classes);
    right += argmax(row) == y.values<std::int64_t>()[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  return right;
}

const std::vector<Precisions> every_config{
    both_low, {{"conv", Precision::bf16}}, {{"fc", Precision::bf16}}, {}};

bool lacks_bf16() {
  return !engine::missing_feature(Precision::bf16).empty();
}

/// All but the time.
bool is_same(const Evaluated& a, const Evaluated& b) {
  return bits(a.accuracy) == bits(b.accuracy) && a.samples == b.samples &&
         a.model_bytes == b.model_bytes && a.footprint_bytes == b.footprint_bytes;
}

}  // namespace

TEST_CASE("accuracy is the share of right answers, the padding of the last batch not counted") {
  const SmallModel small;
  const auto evaluated = small.evaluator("topk: 1").evaluate({});
  REQUIRE(evaluated.has_value());
  CHECK(evaluated->samples == SmallModel::samples);
  CHECK(evaluated->accuracy ==
        static_cast<double>(right_answers(small)) / static_cast<double>(SmallModel::samples));
  CHECK(evaluated->seconds > 0);
  CHECK(small.evaluator("topk: 5").evaluate({})->accuracy == 1);
}

TEST_CASE("an evaluation that goes on from any checkpoint ends bit for bit as if undisturbed") {
  const SmallModel small;
  for (const char* metric : {"topk: 1", "Loss: {}", "F1: {}", "agreement: {}", "cosine: {}",
                             "sqnr: {}", "perplexity: {}"}) {
    for (const Precisions& precisions : {Precisions{}, both_low}) {
      std::vector<nlohmann::json> checkpoints;
      Evaluator evaluator = small.evaluator(metric);
      const auto whole = evaluator.evaluate(precisions, {}, collecting(checkpoints));
      REQUIRE(whole.has_value());
      REQUIRE(checkpoints.size() == 6);
      Evaluator other = small.evaluator(metric);
      for (const nlohmann::json& checkpoint : checkpoints) {
        const auto rest = other.evaluate(precisions, checkpoint);
        CHECK(bits(rest->accuracy) == bits(whole->accuracy));
        CHECK(rest->samples == whole->samples);
      }
      CHECK(bits(evaluator.evaluate(precisions)->accuracy) == bits(whole->accuracy));
    }
  }
}

TEST_CASE("a stopped evaluation leaves the checkpoint to go on from") {
  const SmallModel small;
  const auto whole = small.evaluator("Loss: {}").evaluate(both_low);
  for (int stop_after = 0; stop_after < 6; ++stop_after) {
    Evaluator evaluator = small.evaluator("Loss: {}");
    int batches = 0;
    std::vector<nlohmann::json> checkpoints;
    Observer observer = collecting(checkpoints);
    observer.checkpoint_interval = std::chrono::hours(1);
    observer.progress = [&](const Progress& now) {
      CHECK(now.batches_done == ++batches);
      CHECK(now.batches == 6);
    };
    observer.is_stopping = [&] { return batches == stop_after; };
    CHECK(!evaluator.evaluate(both_low, {}, observer));
    REQUIRE(checkpoints.size() == 1);
    CHECK(checkpoints[0]["batches_done"] == stop_after);
    const auto rest = small.evaluator("Loss: {}").evaluate(both_low, checkpoints[0]);
    CHECK(bits(rest->accuracy) == bits(whole->accuracy));
  }
}

TEST_CASE("without a need no checkpoint is made within its interval") {
  const SmallModel small;
  std::vector<nlohmann::json> checkpoints;
  Observer observer = collecting(checkpoints);
  observer.checkpoint_interval = std::chrono::hours(1);
  small.evaluator("topk: 1").evaluate({}, {}, observer);
  CHECK(checkpoints.empty());
}

TEST_CASE("a checkpoint of another config or a damaged one is refused") {
  const SmallModel small;
  Evaluator evaluator = small.evaluator("topk: 1");
  std::vector<nlohmann::json> checkpoints;
  evaluator.evaluate({}, {}, collecting(checkpoints));
  const nlohmann::json good = checkpoints[2];
  CHECK_THROWS_WITH_AS(evaluator.evaluate(both_low, good),
                       "the checkpoint belongs to another config", Error);
  CHECK_NOTHROW(evaluator.evaluate({{"fc", Precision::fp32}}, good));
  const auto spoilt = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json state = good;
    state[nlohmann::json::json_pointer(key)] = value;
    return state;
  };
  for (const nlohmann::json& state :
       {nlohmann::json(), nlohmann::json::object(), spoilt("/batches_done", 7),
        spoilt("/batches_done", -1), spoilt("/batches_done", "2"), spoilt("/samples_done", -1),
        spoilt("/members/0/metric", nlohmann::json::object()), spoilt("/members/0/metric", 3),
        spoilt("/members/0/footprint_bytes", "x"), spoilt("/members", 1)}) {
    CAPTURE(state.dump());
    CHECK_THROWS_AS(evaluator.evaluate({}, state), Error);
  }
}

TEST_CASE("a checkpoint made with other numerics is not gone on from") {
  const SmallModel small;
  Evaluator evaluator = small.evaluator("topk: 1");
  std::vector<nlohmann::json> checkpoints;
  const auto whole = evaluator.evaluate({}, {}, collecting(checkpoints));
  nlohmann::json state = checkpoints[3];
  state["fingerprint"] = "another machine";
  int batches = 0;
  Observer counting;
  counting.progress = [&](const Progress&) { ++batches; };
  CHECK(evaluator.evaluate({}, state, counting)->accuracy == whole->accuracy);
  CHECK(batches == 6);
}

TEST_CASE("metrics without labels compare with the fp32 outputs") {
  const SmallModel small;
  Evaluator evaluator(small.load(), small.job("sqnr: {}", "", "npy: {input: x.npy}"));
  const auto low_first = evaluator.evaluate(both_low);
  CHECK(evaluator.evaluate({})->accuracy == 200);
  CHECK(low_first->accuracy < 200);
  CHECK(low_first->accuracy > 10);
  CHECK(bits(evaluator.evaluate(both_low)->accuracy) == bits(low_first->accuracy));
}

TEST_CASE("a config that is not the model's is refused by its operator") {
  const SmallModel small;
  Evaluator evaluator = small.evaluator("topk: 1");
  CHECK_THROWS_WITH_AS(evaluator.evaluate({{"relu", Precision::bf16}}),
                       doctest::Contains("the config names the operator relu, which is no tunable"),
                       Error);
  CHECK_THROWS_WITH_AS(evaluator.evaluate({{"fc", Precision::int8}}),
                       doctest::Contains("the operator fc of the model model.onnx in int8"), Error);
}

TEST_CASE("inputs and outputs that the job names must be the model's") {
  const SmallModel small;
  CHECK_THROWS_WITH_AS(Evaluator(small.load(), small.job("topk: 1", ", outputs: [z]")),
                       doctest::Contains("names z, and the model model.onnx has no such output"),
                       Error);
  CHECK_THROWS_WITH_AS(Evaluator(small.load(), small.job("topk: 1", ", inputs: [a, b]")),
                       doctest::Contains("names the inputs a, b, and the model"), Error);
  CHECK_NOTHROW(Evaluator(small.load(), small.job("topk: 1", ", inputs: [x], outputs: [y]")));
}

TEST_CASE("a lower precision makes the weights smaller") {
  const SmallModel small;
  Evaluator evaluator = small.evaluator("topk: 1");
  const std::int64_t weights = 4 * 27 + 5 * 4;
  const std::int64_t biases = 4 + 5;
  CHECK(evaluator.evaluate({})->model_bytes == 4 * (weights + biases));
  CHECK(evaluator.evaluate(both_low)->model_bytes == 2 * weights + 4 * biases);
  CHECK(evaluator.evaluate({})->footprint_bytes > 0);
}

TEST_CASE("configs that are evaluated together give bit for bit what they give alone") {
  if (lacks_bf16()) return;
  const SmallModel small;
  for (const char* metric : {"topk: 1", "Loss: {}", "F1: {}", "agreement: {}", "sqnr: {}"}) {
    CAPTURE(metric);
    Evaluator evaluator = small.evaluator(metric);
    std::vector<nlohmann::json> checkpoints;
    const auto together =
        evaluator.evaluate(every_config, {.cost_max = 100}, {}, collecting(checkpoints));
    REQUIRE(together->size() == every_config.size());
    for (std::size_t i = 0; i < every_config.size(); ++i) {
      CAPTURE(i);
      const auto alone = small.evaluator(metric).evaluate(every_config[i]);
      CHECK(is_same(together->at(i), *alone));
      // Those that were committed before the end are not asked for again.
      const std::vector<Precisions> rest(every_config.begin() + static_cast<std::ptrdiff_t>(i),
                                         every_config.end());
      for (const nlohmann::json& checkpoint : checkpoints) {
        const auto resumed = small.evaluator(metric).evaluate(rest, {}, checkpoint, {});
        REQUIRE(resumed->size() == rest.size());
        for (std::size_t k = 0; k < rest.size(); ++k) {
          CHECK(is_same(resumed->at(k), together->at(i + k)));
        }
      }
    }
  }
}

TEST_CASE("a budget of cost or memory lets fewer configs in, and changes no result") {
  if (lacks_bf16()) return;
  const SmallModel small;
  Evaluator evaluator = small.evaluator("Loss: {}");
  const auto count = [&](const Budget& budget) {
    const auto found = evaluator.evaluate(every_config, budget, {}, {});
    for (std::size_t i = 0; i < found->size(); ++i) {
      CHECK(is_same(found->at(i), *small.evaluator("Loss: {}").evaluate(every_config[i])));
    }
    return found->size();
  };
  CHECK(count({.cost_max = 0}) == 1);
  CHECK(count({.cost_max = 100, .memory_bytes_max = 1}) == 1);
  CHECK(count({.cost_max = 100, .memory_bytes_max = std::int64_t{1} << 40}) == 4);
  CHECK(count({.cost_max = 3}) >= 2);
}

TEST_CASE("what is aborted could not have reached what was needed, and all else is as it was") {
  if (lacks_bf16()) return;
  const SmallModel small;
  int aborted = 0;
  for (const char* metric : {"topk: 1", "Loss: {}", "perplexity: {}", "agreement: {}", "cosine: {}",
                             "F1: {}", "sqnr: {}"}) {
    CAPTURE(metric);
    std::vector<Evaluated> whole;
    for (const Precisions& config : every_config) {
      whole.push_back(*small.evaluator(metric).evaluate(config));
    }
    const bool higher_is_better = small.job(metric).settings.criterion.higher_is_better;
    const double toward_better = higher_is_better ? 1 : -1;
    for (const double gain : {-0.5, -0.01, 0.0, 0.01, 0.1, 0.5}) {
      const double needed = whole[0].accuracy + toward_better * gain;
      CAPTURE(needed);
      std::vector<nlohmann::json> checkpoints;
      const auto together = small.evaluator(metric).evaluate(every_config, {.cost_max = 100}, {},
                                                             collecting(checkpoints), needed);
      REQUIRE(together->size() == every_config.size());
      for (std::size_t i = 0; i < every_config.size(); ++i) {
        const Evaluated& found = together->at(i);
        const auto alone = small.evaluator(metric).evaluate(every_config[i], {}, {}, needed);
        CHECK(bits(found.accuracy) == bits(alone->accuracy));
        CHECK(found.aborted_after == alone->aborted_after);
        if (!found.aborted_after) {
          CHECK(bits(found.accuracy) == bits(whole[i].accuracy));
          continue;
        }
        ++aborted;
        CHECK(*found.aborted_after < SmallModel::samples);
        CHECK(toward_better * (needed - whole[i].accuracy) > 0);
        CHECK(toward_better * (found.accuracy - whole[i].accuracy) >= 0);
      }
      for (const nlohmann::json& checkpoint : checkpoints) {
        const auto resumed =
            small.evaluator(metric).evaluate(every_config, {}, checkpoint, {}, needed);
        for (std::size_t i = 0; i < every_config.size(); ++i) {
          CHECK(bits(resumed->at(i).accuracy) == bits(together->at(i).accuracy));
          CHECK(resumed->at(i).aborted_after == together->at(i).aborted_after);
        }
      }
    }
  }
  CHECK(aborted > 20);
}

TEST_CASE("nothing is aborted against the metric's own direction") {
  const SmallModel small;
  job::Job job = small.job("topk: 1");
  job.settings.criterion.higher_is_better = false;
  Evaluator evaluator(small.load(), job);
  CHECK_FALSE(evaluator.evaluate({}, {}, {}, -1.0)->aborted_after.has_value());
}

TEST_CASE("a later evaluation reads no file, from the beginning or from a checkpoint") {
  const SmallModel small;
  const auto whole = small.evaluator("Loss: {}").evaluate(both_low);
  Evaluator evaluator = small.evaluator("Loss: {}");
  std::vector<nlohmann::json> checkpoints;
  evaluator.evaluate({});
  small.empty_data();
  CHECK_THROWS_AS(small.evaluator("Loss: {}"), Error);
  CHECK(is_same(*evaluator.evaluate(both_low, {}, collecting(checkpoints)), *whole));
  for (const nlohmann::json& checkpoint : checkpoints) {
    CHECK(is_same(*evaluator.evaluate(both_low, checkpoint), *whole));
  }
}

TEST_CASE("a budget without room keeps no data and no fp32 outputs, and changes no result") {
  const SmallModel small;
  const Budget nothing{.memory_bytes_max = 1};
  Evaluator frugal = small.evaluator("sqnr: {}");
  Evaluator keeping = small.evaluator("sqnr: {}");
  for (const Precisions& precisions : {Precisions{}, both_low}) {
    const auto found = frugal.evaluate({precisions}, nothing, {}, {});
    CHECK(is_same(found->front(), *keeping.evaluate(precisions)));
    CHECK(frugal.kept_bytes() == 0);
  }
  small.empty_data();
  CHECK_THROWS_AS(frugal.evaluate({both_low}, nothing, {}, {}), Error);
}

TEST_CASE("fp32 outputs are kept where the metric compares with them") {
  const SmallModel small;
  const std::int64_t batches = 6;
  const std::int64_t x_bytes = batches * 4 * 3 * 8 * 8 * 4;
  const std::int64_t y_bytes = SmallModel::samples * 8;
  const std::int64_t output_bytes = batches * 4 * SmallModel::classes * 4;
  Evaluator labels_only = small.evaluator("topk: 1");
  Evaluator compared = small.evaluator("agreement: {}");
  for (Evaluator* evaluator : {&labels_only, &compared}) {
    evaluator->evaluate({});
    evaluator->evaluate(both_low);
  }
  CHECK(labels_only.kept_bytes() == x_bytes + y_bytes);
  CHECK(compared.kept_bytes() == x_bytes + y_bytes + output_bytes);
}
