// A job as it is stored.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ampd/tuning_space.hpp"
#include "job/job.hpp"
#include "store/trial_record.hpp"

namespace ampd::store {

enum class JobState : std::uint8_t {
  queued,
  running,
  paused,     // by a user, or by ampd with a reason
  done,       // the search has ended, whether or not a config meets the goal
  failed,     // there is no baseline to measure a goal from
  cancelled,  // by a user
};

std::string_view to_string(JobState state);
std::optional<JobState> parse_job_state(std::string_view word);

/// Whether only `retry` or nothing leads out of the state.
bool is_final(JobState state);

/// A file or folder that a job reads, with the digest of its content.
struct Input {
  std::filesystem::path path;
  std::string digest;

  bool operator==(const Input&) const = default;
};

/// What does not change over a job's life.
struct JobDefinition {
  job::Job job;
  std::string job_file_digest;  // the copy among the blobs
  std::string model_digest;     // the copy among the blobs
  std::vector<Input> inputs;    // data, and a model's external data
  TuningSpace space;            // with the job's constraints applied
  uid_t owner_uid = 0;
};

/// Digest of a resolved job and its inputs: equal ones give equal results on one machine.
std::string identity(const job::Job& job, const std::string& model_digest,
                     const std::vector<Input>& inputs);

/// Digest of all that decides what accuracy a config has, but for the machine; empty for a job
/// whose accuracy comes from a command.
std::string evaluation_digest(const JobDefinition& definition);

struct JobRecord {
  std::int64_t id = 0;
  JobDefinition definition;
  JobState state = JobState::queued;
  int strategy_version = 0;
  std::int64_t epoch = 1;            // raised when a user accepts another fingerprint
  std::string fingerprint;           // of the epoch
  bool accepts_fingerprint = false;  // whatever fingerprint the next start finds
  bool waits_for_space = false;      // paused because the disk was full: goes on by itself
  bool ended_early = false;          // time-out or `finish`: no further trial is proposed
  std::string error;                 // why it is paused or failed
  std::string message;               // what is to be said of its result
  ChainDigest digest{};              // of the definition: the beginning of its trials' chain
};

}  // namespace ampd::store
