// Whether a database is whole, and a copy of it while it is in use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/state_directory.hpp"

namespace ampd::store {

struct Problem {
  std::optional<std::int64_t> job;
  std::optional<std::int64_t> seq;
  std::string sentence;
};

enum class CheckDepth : std::uint8_t {
  quick,  // the pages of the database
  full,   // indexes, references, every digest, every history, the blobs
};

/// Looks at everything and changes nothing. An empty list: no damage was found.
std::vector<Problem> check(const StateDirectory& directory, CheckDepth depth);

/// Writes a copy of the database, whole and of one moment, while others use it. Throws
/// Error(conflict) when `target` exists.
void backup(const StateDirectory& directory, const std::filesystem::path& target);

}  // namespace ampd::store
