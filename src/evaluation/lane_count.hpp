// How many batches of a job are evaluated at once.
//
// An operator of a small model gains nothing from several threads; its batches do, each in a lane
// with a share of the threads. The number of a program's threads decides the bits of its results,
// so the choice depends on nothing but the job, the model and the number of threads, and stands in
// the fingerprint as the threads of a lane.
#pragma once

#include <cstddef>
#include <string>

#include "evaluation/job_inputs.hpp"
#include "evaluation/model.hpp"
#include "job/job.hpp"

namespace ampd::evaluation {

struct LaneCount {
  std::size_t lanes = 1;
  int threads = 1;  // of each lane
};

/// As the job says, if it does, but no more lanes than threads. One where the shapes of batches
/// or values are not known beforehand.
LaneCount lane_count(const job::Job& job, const SpecialGraph& special, const JobInputs& inputs);

/// engine::fingerprint of the programs in the job's lanes.
std::string fingerprint(Model& model, const job::Job& job, const JobInputs& inputs);

}  // namespace ampd::evaluation
