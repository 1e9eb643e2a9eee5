// A trial as it is stored: first as a proposal with its pass, then, for ever, with its outcome.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tuning/search.hpp"

namespace ampd::store {

/// The first half of a SHA-256 over a row and its predecessor's digest.
using ChainDigest = std::array<std::byte, 16>;

/// A trial of another job.
struct TrialPlace {
  std::int64_t job = 0;
  std::int64_t seq = 0;

  bool operator==(const TrialPlace&) const = default;
};

/// A trial with its outcome. Written once; every field is covered by the chain.
struct TrialRecord {
  tuning::Trial trial;
  std::optional<TrialPlace> shared_from = {};  // whose outcome was taken instead of an evaluation
  std::int64_t epoch = 1;
  std::int64_t attempts = 0;              // evaluations begun; 0 for a reused one
  std::int64_t started_microseconds = 0;  // since 1970
  std::int64_t finished_microseconds = 0;
};

/// The evaluation under way: what a restart needs to go on where it stopped. It goes with the
/// outcome. `stalls` counts deaths in a row that got no further than `furthest_batch`.
struct Pass {
  std::vector<std::string> config_digests;  // of its members, in seq order
  std::int64_t attempts = 0;
  std::int64_t stalls = 0;
  std::int64_t furthest_batch = 0;
  std::int64_t batches_done = 0;  // in the checkpoint
  double seconds = 0;             // of execution so far
  std::int64_t started_microseconds = 0;
  std::string checkpoint;  // JSON of the worker's last one; empty: none

  bool operator==(const Pass&) const = default;
};

struct Latency {
  std::int64_t median_ns = 0;
  std::int64_t p10_ns = 0;
  std::int64_t p90_ns = 0;

  bool operator==(const Latency&) const = default;
};

/// The latency of a trial's config and, from rounds in alternation, of the fp32 baseline.
struct Measurement {
  Latency config;
  Latency baseline;

  bool operator==(const Measurement&) const = default;
};

}  // namespace ampd::store
