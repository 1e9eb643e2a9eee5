// What the scheduler is doing at the moment; kept in memory only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuning/search.hpp"

namespace ampd::scheduler {

enum class Phase : std::uint8_t {
  verifying,   // the inputs are hashed, the model is inspected
  evaluating,  // a trial's accuracy
  measuring,   // a config's latency
  waiting,     // before a worker that died is started again
  stopping,    // until the running batch ends
};

std::string_view to_string(Phase phase);

/// The job that runs.
struct Activity {
  std::int64_t job = 0;
  Phase phase = Phase::verifying;
  tuning::Stage stage = tuning::Stage::baseline;
  std::int64_t seq = 0;              // of the trial under way
  std::int64_t trials_together = 1;  // it and those that are evaluated with it
  std::int64_t trials_done = 0;
  std::int64_t trials_at_most = 0;
  std::int64_t batches_done = 0;
  std::int64_t batches = 0;           // 0: not known
  std::optional<double> accuracy;     // over the batches so far
  double seconds_used = 0;            // of execution, all attempts
  std::optional<double> eta_seconds;  // if nothing stops the search early
};

struct Status {
  std::optional<Activity> activity;
  std::vector<std::int64_t> queue;  // ids behind the running job

  /// The store cannot be written for now (a full disk): why, and the job that it stopped. It is
  /// tried again by itself. Empty: it can.
  std::string stalled;
  std::optional<std::int64_t> stalled_job;
};

}  // namespace ampd::scheduler
