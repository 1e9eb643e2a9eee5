// What runs several configs of a model at once: one program, in which they share what they have in
// common (engine::Program::merged).
//
// The program is made for the shapes at hand, and anew when these change, as they do with a smaller
// last batch. One thread.
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
  /// batch. One only, too, where shapes depend on the data. Where memory is short, the model's kept
  /// programs and the kept inputs yield before a config does.
  static std::unique_ptr<MergedPrograms> within(Model& model, JobInputs& inputs,
                                                std::vector<Precisions> configs,
                                                const Budget& budget);

  std::size_t count() const { return configs_.size(); }

  /// The outputs of one config after those of another.
  std::vector<tensor::Tensor> run(const Tensors& inputs);

  /// Memory of the last execution, had the config run alone: intermediate values and weights.
  std::int64_t footprint_bytes(std::size_t config);

 private:
  void prepare(const Shapes& shapes);
  std::int64_t bytes_missing(std::int64_t memory_bytes_max) const;

  Model& model_;
  std::vector<Precisions> configs_;
  Shapes shapes_;
  std::optional<engine::Program> program_;      // for `shapes_`
  std::int64_t output_bytes_ = 0;               // of all configs
  std::vector<std::int64_t> footprints_bytes_;  // for `shapes_`; empty: not asked for yet
};

}  // namespace ampd::evaluation
