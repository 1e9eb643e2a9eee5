// What became of one trial.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ampd {

enum class TrialState : std::uint8_t {
  done,     // it has an accuracy
  invalid,  // the accuracy is not a number
  failed,   // the evaluation did not come to an end; the reason says why
  aborted,  // what samples were left could not have made it matter; the reason says where
};

std::string_view to_string(TrialState state);
std::optional<TrialState> parse_trial_state(std::string_view word);

/// How many times faster a config is than the fp32 baseline: the median of the ratios of rounds in
/// which both ran, and the bounds between which it lies with a confidence of 95 %.
struct Speedup {
  double median = 0;
  double low = 0;
  double high = 0;

  bool operator==(const Speedup&) const = default;
};

struct Outcome {
  TrialState state = TrialState::failed;
  double accuracy = 0;                           // if done; never NaN, never -0.0
  std::string reason = {};                       // if not done
  double seconds = 0;                            // execution time, summed over attempts
  std::optional<std::int64_t> latency_ns = {};   // median of one inference, where it was measured
  std::optional<Speedup> speedup = {};           // measured with the latency
  std::optional<std::int64_t> model_bytes = {};  // weights in the config's precisions
  std::optional<std::int64_t> footprint_bytes = {};  // peak memory of an execution

  bool operator==(const Outcome&) const = default;
};

}  // namespace ampd
