// Makes a job out of a job file's document.
#pragma once

#include <filesystem>

#include "job/document.hpp"
#include "job/job.hpp"
#include "job/purpose.hpp"
#include "job/report.hpp"

namespace ampd::job {

/// Reads all sections and reports everything that is wrong with them. The job counts only if no
/// error is reported. `folder` is the job file's, absolute.
Job read_document(Report& report, const Node& root, const std::filesystem::path& folder,
                  Purpose purpose);

}  // namespace ampd::job
