// The files and folders that hold a job's data.
#pragma once

#include <filesystem>
#include <vector>

#include "job/job.hpp"

namespace ampd::job {

/// Of the dataset, in the order of its parameters in the catalogue, each once; none for a command.
std::vector<std::filesystem::path> data_paths(const Job& job);

}  // namespace ampd::job
