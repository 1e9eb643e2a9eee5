#include "evaluation/latency.hpp"

#include <algorithm>
#include <array>
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

using Samples = std::vector<std::int64_t>;

/// Nanoseconds of each program's rounds; nothing when stopped. Which one goes first changes from
/// round to round: a program finds the caches as the one before has left them.
std::vector<Samples> run_rounds(std::span<Executable* const> programs, const Tensors& inputs,
                                std::int64_t warmup, std::int64_t rounds,
                                const Observer& observer) {
  std::vector<Samples> samples(programs.size());
  for (std::int64_t round = 0; round < warmup + rounds; ++round) {
    if (observer.wants_stop()) return {};
    for (std::size_t turn = 0; turn < programs.size(); ++turn) {
      const std::size_t i = round % 2 == 0 ? turn : programs.size() - 1 - turn;
      const std::int64_t taken = time_once(*programs[i], inputs);
      if (round >= warmup) samples[i].push_back(taken);
    }
    observer.tell({round + 1, warmup + rounds, 0, {}});
  }
  return samples;
}

}  // namespace

Latency latency_of(std::vector<std::int64_t> samples_ns) {
  AMPD_CHECK(!samples_ns.empty());
  std::ranges::sort(samples_ns);
  return {percentile(samples_ns, 0.5), percentile(samples_ns, 0.1), percentile(samples_ns, 0.9)};
}

std::vector<Latency> measure(std::span<Executable* const> programs, const Tensors& inputs,
                             std::int64_t warmup, std::int64_t rounds, const Observer& observer) {
  std::vector<Latency> latencies;
  for (Samples& each : run_rounds(programs, inputs, warmup, rounds, observer)) {
    latencies.push_back(latency_of(std::move(each)));
  }
  return latencies;
}

std::optional<PairedLatency> compare(Executable& config, Executable& baseline,
                                     const Tensors& inputs, std::int64_t warmup,
                                     std::int64_t rounds, const Observer& observer) {
  const std::array programs{&config, &baseline};
  const std::vector<Samples> samples = run_rounds(programs, inputs, warmup, rounds, observer);
  if (samples.empty()) return std::nullopt;
  return PairedLatency{latency_of(samples[0]), latency_of(samples[1]),
                       speedup_of(samples[0], samples[1])};
}

Speedup speedup_of(const std::vector<std::int64_t>& config_ns,
                   const std::vector<std::int64_t>& baseline_ns) {
  AMPD_CHECK(!config_ns.empty() && config_ns.size() == baseline_ns.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < config_ns.size(); ++i) {
    ratios.push_back(static_cast<double>(baseline_ns[i]) /
                     static_cast<double>(std::max<std::int64_t>(config_ns[i], 1)));
  }
  std::ranges::sort(ratios);
  constexpr double two_sided_95_percent = 1.96;
  const auto count = static_cast<double>(ratios.size());
  const double below = std::floor((count - two_sided_95_percent * std::sqrt(count)) / 2);
  const auto rank = static_cast<std::size_t>(std::max(below, 1.0)) - 1;
  return {percentile(ratios, 0.5), ratios[rank], ratios[ratios.size() - 1 - rank]};
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
