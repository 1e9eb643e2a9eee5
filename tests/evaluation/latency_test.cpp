#include "evaluation/latency.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "evaluation/made_up.hpp"
#include "small_model.hpp"

using ampd::Speedup;
using namespace ampd::evaluation;

TEST_CASE("percentiles are samples, by nearest rank") {
  std::vector<std::int64_t> samples(100);
  std::iota(samples.rbegin(), samples.rend(), 1);
  const Latency hundred = latency_of(samples);
  CHECK(hundred.median_ns == 50);
  CHECK(hundred.p10_ns == 10);
  CHECK(hundred.p90_ns == 90);
  const Latency one = latency_of({7});
  CHECK(one.median_ns == 7);
  CHECK(one.p10_ns == 7);
  CHECK(one.p90_ns == 7);
}

TEST_CASE("programs are timed in turns, and a stop is heeded between rounds") {
  const SmallModel small;
  const auto model = small.load();
  const auto inputs = made_up_inputs(model->graph({})->graph, 1);
  const auto first = model->program({}, {});
  const auto second = model->program({}, both_low);
  const std::array programs{first.get(), second.get()};
  std::int64_t rounds = 0;
  Observer observer;
  observer.progress = [&](const Progress& now) {
    CHECK(now.batches == 7);
    rounds = now.batches_done;
  };
  const auto latencies = measure(programs, inputs, 2, 5, observer);
  CHECK(rounds == 7);
  REQUIRE(latencies.size() == 2);
  for (const Latency& latency : latencies) {
    CHECK(latency.p10_ns > 0);
    CHECK(latency.p10_ns <= latency.median_ns);
    CHECK(latency.median_ns <= latency.p90_ns);
  }
  rounds = 0;
  observer.is_stopping = [&] { return rounds == 3; };
  CHECK(measure(programs, inputs, 2, 5, observer).empty());
  CHECK(rounds == 3);
}

TEST_CASE("a profile has a time for each step") {
  const SmallModel small;
  const auto model = small.load();
  const auto program = model->program({}, {});
  const auto times = profile(*program, made_up_inputs(model->graph({})->graph, 1), 3, {});
  CHECK(times.size() == program->steps().size());
  for (const StepTime& time : times) CHECK(time.milliseconds >= 0);
}

TEST_CASE("made-up inputs are the same for the same seed") {
  const SmallModel small;
  const auto model = small.load();
  const auto graph = model->graph({{"x", {2, 3, 8, 8}}});
  const auto first = made_up_inputs(graph->graph, 5);
  const auto again = made_up_inputs(graph->graph, 5);
  const auto other = made_up_inputs(graph->graph, 6);
  const auto bytes = [](const Tensors& inputs) { return inputs.at("x").bytes(); };
  CHECK(std::ranges::equal(bytes(first), bytes(again)));
  CHECK(!std::ranges::equal(bytes(first), bytes(other)));
  for (const float value : first.at("x").values<float>()) {
    CHECK(value >= -1);
    CHECK(value < 1);
  }
}

TEST_CASE("a speedup is the median of the ratios, between bounds that hold 95 times in 100") {
  const Speedup even = speedup_of({100, 100, 100}, {200, 100, 400});
  CHECK(even == Speedup{2, 1, 4});

  std::mt19937 numbers(3);
  std::normal_distribution<double> noise(0, 0.2);
  int held = 0;
  constexpr int experiments = 2000;
  for (int experiment = 0; experiment < experiments; ++experiment) {
    std::vector<std::int64_t> config;
    std::vector<std::int64_t> baseline;
    for (int round = 0; round < 30; ++round) {
      const double disturbance = std::exp(noise(numbers));
      config.push_back(static_cast<std::int64_t>(1e6 * disturbance * std::exp(noise(numbers))));
      baseline.push_back(static_cast<std::int64_t>(1.5e6 * disturbance * std::exp(noise(numbers))));
    }
    const Speedup speedup = speedup_of(config, baseline);
    CHECK(speedup.low <= speedup.median);
    CHECK(speedup.median <= speedup.high);
    held += speedup.low <= 1.5 && 1.5 <= speedup.high ? 1 : 0;
  }
  CHECK(held > experiments * 93 / 100);
}
