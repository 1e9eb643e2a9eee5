// A candidate: the model under one tune config, handed to the user's code to be judged.
#pragma once

#include <functional>
#include <vector>

#include "ampd/tensor.hpp"
#include "ampd/tune_config.hpp"
#include "ampd/tuning_space.hpp"

namespace ampd {

/// Valid while the function runs that it was handed to, on the same thread.
struct Candidate {
  const TuningSpace& space;
  const TuneConfig& config;

  /// Executes the candidate once and returns its outputs in the model's order; an output computed
  /// in a 16-bit float is returned as float. The free extents of the inputs may differ from call to
  /// call. Throws Error(invalid) for inputs that do not fit the model, Error(unsupported) when the
  /// strategy was given a tuning space instead of a model.
  std::function<std::vector<Tensor>(const Tensors& inputs)> run;
};

/// Returns the accuracy of a candidate. What it throws fails the trial, and the tuning goes on.
using EvalFunc = std::function<double(const Candidate& candidate)>;

}  // namespace ampd
