// A model in one config, ready to run on inputs of given shapes: one program, or, where shapes
// depend on the data, one per segment (evaluation/stage.hpp), of which the later ones are made when
// they are first needed and kept as long as they are in use.
//
// It does not need the model that it was made from. One thread, but for `run` in lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "engine/program.hpp"
#include "evaluation/stage.hpp"

namespace ampd::evaluation {

class Executable {
 public:
  /// `graph` is compiled as a whole; with a `stage` it lists the outputs only, and the stages are
  /// compiled. Throws what engine::Program throws.
  Executable(const graph::Graph& graph, std::shared_ptr<Stage> stage, engine::Assignment assignment,
             std::shared_ptr<engine::WeightCache> weights);

  /// As engine::Program::run; without lanes where shapes depend on the data. Throws Error also
  /// where the data lead to shapes that do not fit.
  std::vector<tensor::Tensor> run(const Tensors& inputs, std::size_t lane = 0);

  /// Runs once with a clock around each step.
  std::vector<engine::StepReport> profile(const Tensors& inputs);

  /// The steps of the last execution; before the first, those of the first segment. The nodes
  /// between the segments are steps of their own.
  std::vector<engine::StepReport> steps() const;

  /// Whether steps and bytes are all known: at once if no shape depends on the data, else after the
  /// first execution.
  bool is_explored() const { return first_.stage == nullptr || !path_.empty(); }

  /// Memory of the last execution: intermediate values and weights; before the first, of the first
  /// segment.
  std::int64_t footprint_bytes() const;

  /// Memory for intermediate values that one lane holds between executions.
  std::int64_t arena_bytes() const;

  /// What all lanes that have run hold of it.
  std::int64_t held_bytes() const;

 private:
  struct Segment {
    std::shared_ptr<Stage> stage;  // null: the whole, no shape of which depends on the data
    std::shared_ptr<engine::Program> program;
  };

  template <class RunProgram, class RunNode>
  std::vector<tensor::Tensor> follow(const Tensors& inputs, const RunProgram& run_program,
                                     const RunNode& run_node);
  Segment segment_of(std::shared_ptr<Stage> stage);
  void drop_old_programs();

  std::vector<std::string> outputs_;  // names, in the model's order
  engine::Assignment assignment_;
  std::shared_ptr<engine::WeightCache> weights_;
  Segment first_;
  std::list<Segment> later_;   // the last used first
  std::vector<Segment> path_;  // of the last execution, from the first on
};

}  // namespace ampd::evaluation
