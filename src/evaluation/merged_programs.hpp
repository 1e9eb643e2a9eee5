// What runs several configs of a model at once: one program, in which they share what they have in
// common (engine::Program::merged).
//
// The program is made for the shapes at hand, and anew when these change. One thread, but for `run`
// in lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/program.hpp"
#include "evaluation/job_inputs.hpp"
#include "evaluation/model.hpp"

namespace ampd::evaluation {

/// What running configs together may take.
struct Budget {
  double cost_max = 1;                // times what the first config costs alone
  std::int64_t memory_bytes_max = 0;  // of the process; 0: as much as it takes
};

class MergedPrograms {
 public:
  /// Exactly these configs. The model outlives it.
  MergedPrograms(Model& model, std::vector<Precisions> configs);

  /// The first of `configs`, as many as the budget allows, at least one, on the inputs' first
  /// batches, run in so many lanes. One only, too, where shapes depend on the data. Where memory is
  /// short, the model's kept programs and the kept inputs yield before a config does.
  static std::unique_ptr<MergedPrograms> within(Model& model, JobInputs& inputs,
                                                std::vector<Precisions> configs,
                                                const Budget& budget, std::size_t lanes);

  std::size_t count() const { return configs_.size(); }

  /// For inputs of these shapes.
  void prepare(const Shapes& shapes);

  /// The outputs of one config after those of another. As engine::Program::run.
  std::vector<tensor::Tensor> run(const Tensors& inputs, std::size_t lane) {
    return program_->run(inputs, lane);
  }

  /// As engine::Program's.
  std::int64_t arena_bytes() const { return program_->arena_bytes(); }
  std::int64_t held_bytes() const { return program_->held_bytes(); }

  /// Memory of the last execution, had the config run alone: intermediate values and weights.
  std::int64_t footprint_bytes(std::size_t config);

 private:
  std::int64_t bytes_missing(std::int64_t memory_bytes_max, std::size_t lanes) const;

  Model& model_;
  std::vector<Precisions> configs_;
  Shapes shapes_;
  std::optional<engine::Program> program_;      // for `shapes_`
  std::int64_t output_bytes_ = 0;               // of all configs
  std::vector<std::int64_t> footprints_bytes_;  // for `shapes_`; empty: not asked for yet
};

}  // namespace ampd::evaluation
