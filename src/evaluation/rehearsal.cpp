#include "evaluation/rehearsal.hpp"

#include <algorithm>
#include <chrono>

#include "base/memory_size.hpp"

namespace ampd::evaluation {
namespace {
using Clock = std::chrono::steady_clock;

/// Of a pass: about the same ones, so that the fp32 outputs that a metric compares with are
/// there from the baseline's rehearsal as they will be from the baseline.
std::int64_t rehearsed_batches(std::int64_t batches, std::int64_t lanes) {
  return lanes * std::clamp<std::int64_t>(batches / lanes / 25, 4, 32);
}

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// When each round of a pass was done.
struct Rounds {
  std::vector<Clock::time_point> times;  // the first: the start
  std::vector<std::int64_t> batches{0};  // done by then

  /// The median over the batches of the rounds after the first, which includes building and cold
  /// memory.
  double batch_seconds() const {
    if (times.size() < 2) return 0;
    std::vector<double> durations;
    for (std::size_t i = times.size() > 2 ? 2 : 1; i < times.size(); ++i) {
      const auto count = static_cast<std::size_t>(batches[i] - batches[i - 1]);
      const double seconds = seconds_between(times[i - 1], times[i]);
      durations.insert(durations.end(), count, seconds / static_cast<double>(count));
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
  const auto lanes = static_cast<std::int64_t>(evaluator.lanes().lanes);
  const std::int64_t batches = evaluator.inputs().batch_count();
  const bool finds_data_ready = evaluator.inputs().kept_batches() > 0;
  Rehearsal rehearsal;
  Rounds rounds{{Clock::now()}};
  bool is_stopped = false;
  Observer watch;
  watch.progress = [&](const Progress& now) {
    rounds.times.push_back(Clock::now());
    rounds.batches.push_back(now.batches_done);
    rehearsal.configs = now.configs;
    rehearsal.memory_bytes = std::max(rehearsal.memory_bytes, base::resident_bytes());
  };
  watch.is_stopping = [&] {
    is_stopped = observer.wants_stop();
    return is_stopped || rounds.batches.back() >= rehearsed_batches(batches, lanes);
  };
  evaluator.evaluate(configs, budget, {}, watch);
  if (is_stopped) return std::nullopt;
  const double batch_seconds = rounds.batch_seconds();
  rehearsal.round_seconds = batch_seconds * static_cast<double>(lanes);
  rehearsal.seconds = seconds_between(rounds.times.front(), rounds.times.back()) +
                      static_cast<double>(batches - rounds.batches.back()) * batch_seconds;
  if (finds_data_ready) rehearsal.seconds += preparing_seconds(evaluator, batch_seconds);
  rehearsal.memory_bytes += bytes_not_kept_yet(evaluator);
  return rehearsal;
}

}  // namespace ampd::evaluation
