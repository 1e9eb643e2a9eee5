// The progress of a search as one line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ampd::terminal {

struct Progress {
  std::string stage;
  std::int64_t trial = 0;          // the one that runs, from 1
  std::int64_t trials = 0;         // at most
  double trial_share = 0;          // of the running trials that is done, 0 to 1
  std::optional<double> accuracy;  // of the running trial so far, or of the last
  double seconds = 0;              // of execution so far
  std::int64_t together = 1;       // the running trial and those that run with it

  bool operator==(const Progress&) const = default;
};

/// Seconds until all trials are done, if the rest takes as long as what is done; nothing before
/// anything is done.
std::optional<double> remaining_seconds(const Progress& progress);

/// "fallback [#####-----] 12/41  accuracy 0.8171  at most 2m 05s left", in `columns` columns.
std::string progress_bar(const Progress& progress, int columns);

/// "fallback: trial 12 of at most 41, accuracy 0.8171, at most 2m 05s left"; several that run
/// together are "trials 12-19".
std::string progress_sentence(const Progress& progress);

}  // namespace ampd::terminal
