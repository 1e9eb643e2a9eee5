// What it takes to queue a job: the job itself and what workers found out about its inputs.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "ampd/tuning_space.hpp"
#include "job/job.hpp"
#include "store/job_record.hpp"

namespace ampd::scheduler {

struct Submission {
  job::Job job;
  std::string job_file;              // the text, kept as a copy
  std::string model_digest;          // by a Hash order on job.model_path
  std::vector<store::Input> inputs;  // data and external data, by a Hash order
  TuningSpace space;                 // as inspected, without the job's constraints
  std::string fingerprint;           // as inspected
  bool is_emulated = false;          // the processor computes the target precision in fp32
  uid_t owner_uid = 0;
};

}  // namespace ampd::scheduler
