// The files and folders that hold a job's data.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "job/job.hpp"

namespace ampd::job {

/// Of the dataset, in the order of its parameters in the catalogue, each once; none for a command.
std::vector<std::filesystem::path> data_paths(const Job& job);

/// Puts what `replacement` gives in the place of each of them.
void replace_data_paths(
    Job& job,
    const std::function<std::filesystem::path(const std::filesystem::path&)>& replacement);

}  // namespace ampd::job
