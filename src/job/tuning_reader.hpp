// Reads the `tuning` section of a job file.
#pragma once

#include "job/job.hpp"
#include "job/section.hpp"

namespace ampd::job {

/// Fills in settings and seed; the metric, which gives the accuracy its direction, is in the job.
void read_tuning(const Section& tuning, Job& job);

}  // namespace ampd::job
