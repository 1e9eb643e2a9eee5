// The conf: what is asked of a tuning.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ampd/settings.hpp"

namespace ampd {

namespace job {
struct Job;
}

/// Goal and exit policy, and, if it was read, all else that a job file says: metric, data,
/// constraints, threads.
struct Conf {
  TuneSettings settings;
  std::shared_ptr<const job::Job> job;  // null: nothing was read
};

/// Reads a job file. It may lack `model`, which the strategy is given, and `evaluation` or its data
/// where the strategy is given an eval_func or an eval_dataloader. Throws Error(invalid) with all
/// that is wrong, one problem a line.
Conf read_conf(const std::filesystem::path& file);

/// The same for the text of a job file; its paths are relative to the working folder.
Conf parse_conf(const std::string& yaml);

}  // namespace ampd
