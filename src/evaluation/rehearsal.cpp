#include "evaluation/rehearsal.hpp"

#include <algorithm>
#include <chrono>

#include "base/memory_size.hpp"

namespace ampd::evaluation {
namespace {

using Clock = std::chrono::steady_clock;

/// Of a pass: always the same ones, so that the fp32 outputs that a metric compares with are there
/// from the baseline's rehearsal as they will be from the baseline.
std::int64_t rehearsed_batches(std::int64_t batches) {
  return std::clamp<std::int64_t>(batches / 25, 4, 32);
}

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// When each batch of a pass was done.
struct Pace {
  std::vector<Clock::time_point> times;  // the first: the start

  std::int64_t batches() const { return std::ssize(times) - 1; }

  /// The median over the batches after the first, which includes building and cold memory.
  double batch_seconds() const {
    if (batches() < 1) return 0;
    std::vector<double> durations;
    for (std::size_t i = batches() > 1 ? 2 : 1; i < times.size(); ++i) {
      durations.push_back(seconds_between(times[i - 1], times[i]));
    }
    const auto middle = durations.begin() + std::ssize(durations) / 2;
    std::ranges::nth_element(durations, middle);
    return *middle;
  }
};

/// What preparing adds to a pass beyond its work on the data that are ready.
double preparing_seconds(const Evaluator& evaluator, double batch_seconds) {
  const JobInputs& inputs = evaluator.inputs();
  const std::int64_t unready = inputs.batch_count() - evaluator.batches_to_keep();
  if (unready <= 0) return 0;
  return static_cast<double>(unready) * std::max(0.0, inputs.preparation_seconds() - batch_seconds);
}

std::int64_t bytes_not_kept_yet(const Evaluator& evaluator) {
  const std::int64_t kept = evaluator.inputs().kept_batches();
  if (kept == 0) return 0;
  return evaluator.kept_bytes() / kept * (evaluator.batches_to_keep() - kept);
}

}  // namespace

std::optional<Rehearsal> rehearse(Evaluator& evaluator, const std::vector<Precisions>& configs,
                                  const Budget& budget, const Observer& observer) {
  const std::int64_t batches = evaluator.inputs().batch_count();
  const bool finds_data_ready = evaluator.inputs().kept_batches() > 0;
  Rehearsal rehearsal;
  Pace pace{{Clock::now()}};
  bool is_stopped = false;
  Observer watch;
  watch.progress = [&](const Progress& now) {
    pace.times.push_back(Clock::now());
    rehearsal.configs = now.configs;
    rehearsal.memory_bytes = std::max(rehearsal.memory_bytes, base::resident_bytes());
  };
  watch.is_stopping = [&] {
    is_stopped = observer.wants_stop();
    return is_stopped || pace.batches() >= rehearsed_batches(batches);
  };
  evaluator.evaluate(configs, budget, {}, watch);
  if (is_stopped) return std::nullopt;
  rehearsal.batch_seconds = pace.batch_seconds();
  rehearsal.seconds = seconds_between(pace.times.front(), pace.times.back()) +
                      static_cast<double>(batches - pace.batches()) * rehearsal.batch_seconds;
  if (finds_data_ready) rehearsal.seconds += preparing_seconds(evaluator, rehearsal.batch_seconds);
  rehearsal.memory_bytes += bytes_not_kept_yet(evaluator);
  return rehearsal;
}

}  // namespace ampd::evaluation
