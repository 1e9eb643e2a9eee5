// How long one execution takes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ampd/outcome.hpp"
#include "engine/program.hpp"
#include "evaluation/model.hpp"
#include "evaluation/observer.hpp"

namespace ampd::evaluation {

struct Latency {
  std::int64_t median_ns = 0;
  std::int64_t p10_ns = 0;
  std::int64_t p90_ns = 0;
};

/// The percentiles of samples, at least one, by nearest rank.
Latency latency_of(std::vector<std::int64_t> samples_ns);

/// The latency of each program on the same inputs: warm-up rounds, then rounds in which each runs
/// once, so that what disturbs the machine disturbs them alike. Nothing when stopped.
std::vector<Latency> measure(std::span<Executable* const> programs, const Tensors& inputs,
                             std::int64_t warmup, std::int64_t rounds, const Observer& observer);

/// Two programs on the same inputs.
struct PairedLatency {
  Latency config;
  Latency baseline;
  Speedup speedup;
};

/// As `measure`, of `config` beside `baseline`, which take turns in going first. Nothing when
/// stopped.
std::optional<PairedLatency> compare(Executable& config, Executable& baseline,
                                     const Tensors& inputs, std::int64_t warmup,
                                     std::int64_t rounds, const Observer& observer);

/// Of the rounds' ratios, at least one, the median and the order statistics between which the true
/// median lies with a confidence of 95 %, by the sign test; all of them where they are too few.
Speedup speedup_of(const std::vector<std::int64_t>& config_ns,
                   const std::vector<std::int64_t>& baseline_ns);

/// One step of a program with its median time.
struct StepTime {
  engine::StepReport step;
  double milliseconds = 0;
};

/// Runs `rounds` times with a clock around each step. Nothing when stopped.
std::vector<StepTime> profile(Executable& program, const Tensors& inputs, std::int64_t rounds,
                              const Observer& observer);

}  // namespace ampd::evaluation
