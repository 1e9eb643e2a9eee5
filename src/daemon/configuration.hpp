// The daemon's configuration file: YAML, every key may be left out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/limits.hpp"

namespace ampd::daemon {

struct Configuration {
  std::optional<std::filesystem::path> state_dir;
  std::optional<std::filesystem::path> socket;
  int threads = 0;  // of a worker, for jobs that name no number themselves; 0: the physical cores
  std::int64_t memory_mib = 0;            // that trials together may take; 0: half of the RAM
  std::int64_t trials_together = 64;      // at most; 1: one by one
  std::optional<gid_t> admin_group = {};  // whose members control every job
  std::int64_t upload_mib = base::limits::upload_mib;  // that each other user may keep here
  std::string log_level = "info";

  bool operator==(const Configuration&) const = default;
};

inline constexpr const char* configuration_file = "/etc/ampd/ampd.yaml";

/// Reads `file`; `/etc/ampd/ampd.yaml` if none is given, which may be absent. Throws
/// Error(invalid) that names file, line and column for each unknown key and bad value, and the
/// errors of reading a file.
Configuration read_configuration(const std::optional<std::filesystem::path>& file);

/// Of a configuration file's text; `name` stands in the errors.
Configuration parse_configuration(const std::string& text, const std::string& name);

}  // namespace ampd::daemon
