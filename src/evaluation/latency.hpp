// How long one execution takes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

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

/// One step of a program with its median time.
struct StepTime {
  engine::StepReport step;
  double milliseconds = 0;
};

/// Runs `rounds` times with a clock around each step. Nothing when stopped.
std::vector<StepTime> profile(Executable& program, const Tensors& inputs, std::int64_t rounds,
                              const Observer& observer);

}  // namespace ampd::evaluation
