// Job files: from the YAML that a person writes to a Job, or to a list of all that is wrong with
// it.
//
// The format is the user YAML of Intel Neural Compressor 1.x with `model.path` added;
// docs/job-file.md is its reference. Paths are relative to the job file's folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "job/job.hpp"
#include "job/problem.hpp"
#include "job/purpose.hpp"

namespace ampd::job {

/// What a job file says.
struct Lint {
  std::vector<Problem> errors;    // in the file's order
  std::vector<Problem> warnings;  // in the file's order
  std::optional<Job> job;         // if there are no errors
  Place max_trials_place;         // of tuning.exit_policy.max_trials, or where it would stand
  std::string file;
};

/// Reads a job file and reports every problem at once. Throws Error if the file itself cannot be
/// read: not_found, denied, invalid (not a file) or io.
Lint lint(const std::filesystem::path& path, Purpose purpose = Purpose::job);

/// The same for a text that would stand in `path`.
Lint lint_text(const std::string& text, const std::filesystem::path& path,
               Purpose purpose = Purpose::job);

/// The lint's job. Throws Error(invalid) with the errors, one a line, each with file, line and
/// column.
const Job& require_job(const Lint& lint);

/// The job of a file. Throws what lint() and require_job() throw.
Job read_job(const std::filesystem::path& path);

/// A search over `free_ops` operators takes up to 2 * free_ops trials. The warning that
/// max_trials does not suffice, for a job whose operators are known; nothing if it does.
std::optional<std::string> trial_limit_warning(const Job& job, std::int64_t free_ops);

/// Adds that warning to `lint`, which must have a job.
void add_trial_limit_warning(Lint& lint, std::int64_t free_ops);

/// {"errors": [...], "warnings": [...]}
nlohmann::json to_json(const Lint& lint);

}  // namespace ampd::job
