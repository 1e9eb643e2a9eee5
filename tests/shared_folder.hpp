// The folder of models and data that tests may use where it exists: $AMPD_SHARED, else ../shared
// beside the project.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

/// The file or folder, or none after a message that says what is skipped.
inline std::optional<std::filesystem::path> shared_file(const std::string& name) {
  const char* variable = std::getenv("AMPD_SHARED");
  const std::filesystem::path folder =
      variable != nullptr ? std::filesystem::path(variable)
                          : std::filesystem::path(AMPD_PROJECT_ROOT).parent_path() / "shared";
  const std::filesystem::path path = folder / name;
  if (std::filesystem::exists(path)) return path;
  MESSAGE("skipped: " << path.string() << " is absent");
  return std::nullopt;
}
