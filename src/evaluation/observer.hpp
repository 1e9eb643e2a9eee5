// What long work tells while it runs, and how it is asked to end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include <nlohmann/json.hpp>

namespace ampd::evaluation {

struct Progress {
  std::int64_t batches_done = 0;
  std::int64_t batches = 0;
  std::int64_t samples_done = 0;
  std::optional<double> accuracy;  // over the samples so far, of the first config
  std::int64_t configs = 1;        // that are evaluated together
};

/// Every function may be left out. All are called between batches, on the thread that works.
struct Observer {
  std::function<void(const Progress&)> progress;

  /// The state from which the work can go on in another process; at most once per interval, and
  /// when it is stopped.
  std::function<void(const nlohmann::json&)> checkpoint;
  std::chrono::nanoseconds checkpoint_interval = std::chrono::seconds(1);

  std::function<bool()> is_stopping;

  void tell(const Progress& now) const {
    if (progress) progress(now);
  }
  bool wants_stop() const { return is_stopping && is_stopping(); }
};

}  // namespace ampd::evaluation
