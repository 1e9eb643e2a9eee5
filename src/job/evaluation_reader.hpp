// Reads the `evaluation` section of a job file.
#pragma once

#include "job/component_reader.hpp"
#include "job/job.hpp"
#include "job/purpose.hpp"
#include "job/section.hpp"

namespace ampd::job {

/// Fills in evaluation, performance and threads.
void read_evaluation(const Section& evaluation, const ComponentReader& components, Purpose purpose,
                     Job& job);

}  // namespace ampd::job
