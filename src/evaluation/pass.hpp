// Configs that are evaluated together, and how far they have come: each batch runs once for all of
// them.
//
// The state is that of the metrics and the number of batches; which configs keep each other company
// is not part of any result. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/metric.hpp"
#include "evaluation/model.hpp"
#include "job/job.hpp"

namespace ampd::evaluation {

struct Pass {
  struct Member {
    Precisions precisions;
    data::Metric metric;
    std::int64_t footprint_bytes = 0;             // the largest so far
    std::optional<std::int64_t> aborted_after{};  // samples; its metric then stays as it is
    double best_possible = 0;                     // if aborted
  };

  /// From the first batch on.
  Pass(const job::Component& metric, const std::vector<Precisions>& configs);

  /// From where `state`, which `checkpoint` gave, had come: the first of `configs` that it knows,
  /// at least one. Nothing when it was made with other numerics. Throws Error(corrupt) for what
  /// `checkpoint` never gives.
  static std::optional<Pass> resumed(const job::Component& metric,
                                     const std::vector<Precisions>& configs,
                                     const nlohmann::json& state, std::int64_t batches);

  nlohmann::json checkpoint() const;

  /// Places of the members that are not aborted.
  std::vector<std::size_t> live() const;

  std::vector<Member> members;
  std::int64_t batches_done = 0;
  std::int64_t samples_done = 0;
};

}  // namespace ampd::evaluation
