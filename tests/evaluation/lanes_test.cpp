#include "evaluation/lanes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <set>
#include <thread>

#include "ampd/error.hpp"
#include "engine/program.hpp"
#include "evaluation/lane_count.hpp"
#include "small_model.hpp"

using namespace ampd;
using namespace ampd::evaluation;

namespace {

const std::vector<Precisions> every_config{
    both_low, {{"conv", Precision::bf16}}, {{"fc", Precision::bf16}}, {}};

const std::vector<std::string> every_metric{
    "topk: 1", "Loss: {}", "F1: {}", "agreement: {}", "cosine: {}", "sqnr: {}", "perplexity: {}"};

/// So many lanes of so many threads each.
std::unique_ptr<Evaluator> evaluator(const SmallModel& small, const std::string& metric, int lanes,
                                     int threads = 1) {
  const engine::ThreadScope scope(lanes * threads);
  job::Job job = small.job(metric);
  job.lanes = lanes;
  return std::make_unique<Evaluator>(small.load(), job);
}

/// The bits of all but the time.
void check_same(const Evaluated& a, const Evaluated& b) {
  CHECK(std::bit_cast<std::uint64_t>(a.accuracy) == std::bit_cast<std::uint64_t>(b.accuracy));
  CHECK(a.aborted_after == b.aborted_after);
  CHECK(a.samples == b.samples);
  CHECK(a.model_bytes == b.model_bytes);
  CHECK(a.footprint_bytes == b.footprint_bytes);
}

void check_same(const std::vector<Evaluated>& a, const std::vector<Evaluated>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) check_same(a[i], b[i]);
}

Observer collecting(std::vector<nlohmann::json>& checkpoints) {
  Observer observer;
  observer.checkpoint_interval = {};
  observer.checkpoint = [&](const nlohmann::json& state) { checkpoints.push_back(state); };
  return observer;
}

}  // namespace

TEST_CASE("every lane works in every round, on a thread of its own") {
  Lanes lanes(3);
  std::set<std::thread::id> all;
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::thread::id> threads(lanes.count());
    lanes.run([&](std::size_t lane) { threads[lane] = std::this_thread::get_id(); });
    CHECK(threads[0] == std::this_thread::get_id());
    all.insert(threads.begin(), threads.end());
  }
  CHECK(all.size() == 3);
  CHECK_FALSE(all.contains(std::thread::id()));
}

TEST_CASE("lanes give the bits of one lane, alone and together, from any checkpoint of the other") {
  const SmallModel small;
  for (const std::string& metric : every_metric) {
    CAPTURE(metric);
    for (const auto& [lanes, threads] : {std::pair(2, 1), {3, 1}, {4, 1}, {6, 1}, {2, 2}}) {
      CAPTURE(lanes);
      const Budget budget{.cost_max = 100};
      std::vector<nlohmann::json> of_one;
      std::vector<nlohmann::json> of_many;
      const auto one = evaluator(small, metric, 1, threads);
      const auto many = evaluator(small, metric, lanes, threads);
      REQUIRE(many->lanes().lanes == static_cast<std::size_t>(lanes));
      REQUIRE(many->lanes().threads == threads);
      CHECK(many->fingerprint().find("threads " + std::to_string(threads)) != std::string::npos);
      const auto expected = one->evaluate(every_config, budget, {}, collecting(of_one));
      check_same(*many->evaluate(every_config, budget, {}, collecting(of_many)), *expected);
      for (std::size_t i = 0; i < expected->size(); ++i) {
        check_same(*many->evaluate(every_config[i]), expected->at(i));
      }
      REQUIRE(of_one.size() == 7);
      REQUIRE(of_many.size() >= 2);
      for (const nlohmann::json& state : of_one) {
        check_same(*evaluator(small, metric, lanes, threads)->evaluate(every_config, {}, state, {}),
                   *expected);
      }
      for (const nlohmann::json& state : of_many) {
        check_same(*evaluator(small, metric, 1, threads)->evaluate(every_config, {}, state, {}),
                   *expected);
      }
    }
  }
}

TEST_CASE("in lanes, the same is aborted after the same samples, and nothing counts behind it") {
  const SmallModel small;
  int aborted = 0;
  for (const std::string& metric : every_metric) {
    CAPTURE(metric);
    const double whole = evaluator(small, metric, 1)->evaluate({})->accuracy;
    const double sign = small.job(metric).settings.criterion.higher_is_better ? 1 : -1;
    for (const double gain : {-0.5, 0.0, 0.01, 0.1, 0.5}) {
      CAPTURE(gain);
      const double needed = whole + sign * gain;
      const Budget budget{.cost_max = 100};
      std::vector<nlohmann::json> checkpoints;
      const auto expected =
          evaluator(small, metric, 1)->evaluate(every_config, budget, {}, {}, needed);
      const auto many = evaluator(small, metric, 4);
      check_same(*many->evaluate(every_config, budget, {}, collecting(checkpoints), needed),
                 *expected);
      for (std::size_t i = 0; i < every_config.size(); ++i) {
        check_same(*many->evaluate(every_config[i], {}, {}, needed),
                   *evaluator(small, metric, 1)->evaluate(every_config[i], {}, {}, needed));
        aborted += expected->at(i).aborted_after ? 1 : 0;
      }
      for (const nlohmann::json& state : checkpoints) {
        const auto one = evaluator(small, metric, 1);
        check_same(*one->evaluate(every_config, {}, state, {}, needed), *expected);
      }
    }
  }
  CHECK(aborted > 10);
}

TEST_CASE("lanes are stopped between two rounds, and progress is told after each") {
  const SmallModel small;
  const auto many = evaluator(small, "Loss: {}", 4);
  std::vector<std::int64_t> batches;
  std::vector<nlohmann::json> checkpoints;
  Observer observer = collecting(checkpoints);
  observer.checkpoint_interval = std::chrono::hours(1);
  observer.progress = [&](const Progress& now) { batches.push_back(now.batches_done); };
  observer.is_stopping = [&] { return batches.size() == 1; };
  CHECK_FALSE(many->evaluate({both_low}, {}, {}, observer));
  CHECK(checkpoints.back().at("batches_done") == 4);
  observer.is_stopping = {};
  many->evaluate({both_low}, {}, checkpoints.back(), observer);
  CHECK(batches == std::vector<std::int64_t>{4, 6});
}

TEST_CASE("lanes beyond the memory budget wait, and change no result") {
  const SmallModel small;
  const auto expected = *evaluator(small, "sqnr: {}", 1)->evaluate(both_low);
  const auto many = evaluator(small, "sqnr: {}", 4);
  check_same(many->evaluate({both_low}, {.memory_bytes_max = 1}, {}, {})->front(), expected);
  check_same(
      many->evaluate({both_low}, {.memory_bytes_max = std::int64_t{1} << 40}, {}, {})->front(),
      expected);
}

TEST_CASE("a batch that cannot be evaluated is told as in one lane") {
  const SmallModel small;
  const auto many = evaluator(small, "topk: 1", 2);
  small.empty_data();
  CHECK_THROWS_AS(many->evaluate({}), Error);
}

TEST_CASE("a job that names neither threads nor lanes gets lanes where its operators are small") {
  const SmallModel small;
  const auto count = [&](int lanes, int threads, int batch_size) {
    const engine::ThreadScope scope(threads);
    job::Job job = small.job("topk: 1");
    job.lanes = lanes;
    std::get<job::MetricEvaluation>(job.evaluation).dataloader.batch_size = batch_size;
    const auto model = small.load();
    const JobInputs inputs(*model, job);
    const LaneCount found = lane_count(job, *model->graph(inputs.shapes()), inputs);
    CHECK(static_cast<int>(found.lanes) * found.threads <= threads);
    return std::pair(static_cast<int>(found.lanes), found.threads);
  };
  CHECK(small.job("topk: 1").lanes == 0);
  CHECK(count(0, 2, 1) == std::pair(2, 1));
  CHECK(count(0, 4, 1) == std::pair(4, 1));
  CHECK(count(0, 2, 4) == std::pair(1, 2));  // six batches are too few
  CHECK(count(1, 2, 1) == std::pair(1, 2));
  CHECK(count(2, 5, 4) == std::pair(2, 2));
  CHECK(count(9, 2, 4) == std::pair(2, 1));
}
