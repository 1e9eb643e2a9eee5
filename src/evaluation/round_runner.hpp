// What runs the members of a pass that are not aborted: a round of batches at once, in lanes that
// share programs and weights.
//
// What a batch gives is, bit for bit, what it gives on a lane's threads alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/dataloader.hpp"
#include "evaluation/lane_count.hpp"
#include "evaluation/lanes.hpp"
#include "evaluation/merged_programs.hpp"
#include "evaluation/model.hpp"
#include "evaluation/pass.hpp"

namespace ampd::evaluation {

/// By one batch.
struct BatchResult {
  std::vector<tensor::Tensor> outputs;    // of one running member after those of another
  std::vector<tensor::Tensor> reference;  // of the fp32 model, where asked for
  std::exception_ptr error;               // instead of both
};

class RoundRunner {
 public:
  /// The model outlives it.
  RoundRunner(Model& model, LaneCount lanes) : model_(model), lanes_(lanes.lanes) {}

  std::size_t lanes() const { return lanes_.count(); }

  /// For another pass; `merged`, if given, runs its members `running`.
  void begin(std::vector<std::size_t> running, std::unique_ptr<MergedPrograms> merged);

  /// Of the members in `running`. Batches are of the same shapes, `wants_reference` is given for
  /// each, and each goes to the lane that is free first, of as many as memory allows, at least one.
  std::vector<BatchResult> run(Pass& pass, std::span<const data::Batch> batches,
                               const std::vector<bool>& wants_reference,
                               std::int64_t memory_bytes_max);

  /// Places of all members that are live, and maybe of more.
  const std::vector<std::size_t>& running() const { return running_; }

 private:
  struct Programs {
    std::shared_ptr<Executable> alone;            // null: the members are merged
    std::shared_ptr<Executable> baseline;         // null: none is wanted, or it is a member
    std::optional<std::size_t> baseline_place{};  // in the order of the running members
  };

  void choose_running(const Pass& pass);
  Programs prepare(const Pass& pass, const Shapes& shapes, bool wants_baseline);
  BatchResult run(const Programs& programs, const Tensors& inputs, bool wants_reference,
                  std::size_t lane) const;
  void note_footprints(Pass& pass, const Programs& programs);
  std::size_t affordable_lanes(const Programs& programs, std::int64_t memory_bytes_max) const;

  Model& model_;
  Lanes lanes_;
  std::vector<std::size_t> running_;        // members of the pass under way
  std::unique_ptr<MergedPrograms> merged_;  // of these, if they are several
};

}  // namespace ampd::evaluation
