#include "evaluation/latency.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/check.hpp"

namespace ampd::evaluation {
namespace {

using Clock = std::chrono::steady_clock;

/// The smallest sample that at least `share` of all do not exceed.
template <class Number>
Number percentile(const std::vector<Number>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted.at(std::max<std::size_t>(rank, 1) - 1);
}

std::int64_t time_once(Executable& program, const Tensors& inputs) {
  const Clock::time_point start = Clock::now();
  program.run(inputs);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

}  // namespace

Latency latency_of(std::vector<std::int64_t> samples_ns) {
  AMPD_CHECK(!samples_ns.empty());
  std::ranges::sort(samples_ns);
  return {percentile(samples_ns, 0.5), percentile(samples_ns, 0.1), percentile(samples_ns, 0.9)};
}

std::vector<Latency> measure(std::span<Executable* const> programs, const Tensors& inputs,
                             std::int64_t warmup, std::int64_t rounds, const Observer& observer) {
  std::vector<std::vector<std::int64_t>> samples(programs.size());
  for (std::int64_t round = 0; round < warmup + rounds; ++round) {
    if (observer.wants_stop()) return {};
    for (std::size_t i = 0; i < programs.size(); ++i) {
      const std::int64_t taken = time_once(*programs[i], inputs);
      if (round >= warmup) samples[i].push_back(taken);
    }
    observer.tell({round + 1, warmup + rounds, 0, {}});
  }
  std::vector<Latency> latencies;
  for (std::vector<std::int64_t>& each : samples) latencies.push_back(latency_of(std::move(each)));
  return latencies;
}

std::vector<StepTime> profile(Executable& program, const Tensors& inputs, std::int64_t rounds,
                              const Observer& observer) {
  std::vector<StepTime> times;
  std::vector<std::vector<double>> samples;
  for (std::int64_t round = 0; round < rounds; ++round) {
    if (observer.wants_stop()) return {};
    const std::vector<engine::StepReport> steps = program.profile(inputs);
    samples.resize(steps.size());
    times.resize(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      times[i].step = steps[i];
      samples[i].push_back(steps[i].milliseconds);
    }
    observer.tell({round + 1, rounds, 0, {}});
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::ranges::sort(samples[i]);
    times[i].milliseconds = percentile(samples[i], 0.5);
  }
  return times;
}

}  // namespace ampd::evaluation
