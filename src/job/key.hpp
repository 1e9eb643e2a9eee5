// The table of a job file's keys: what is read, what is ignored, what is refused.
//
// The reader finds unknown keys with it and docs/job-file.md lists it. Names below `metric`,
// `dataset` and `transform` are in the catalogue; patterns of operators are free.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ampd::job {

struct Key {
  enum class Use : std::uint8_t {
    read,
    ignored,  // Intel Neural Compressor's, without meaning here: one warning, not descended into
    refused,  // Intel Neural Compressor's, and leaving it out would change the result
  };

  std::string section;  // dotted; empty at the top
  std::string name;
  Use use = Use::read;
  std::string type;      // of a key that is read
  std::string standard;  // its default; "required" without one
  std::string meaning;   // what it means; why it is ignored; what to do instead
};

std::span<const Key> keys();

/// Null if the section has no such key.
const Key* find_key(std::string_view section, std::string_view name);

/// The names of a section's keys that are read.
std::vector<std::string> key_names(std::string_view section);

/// The key that `name` in `section` was probably meant to be: one of the section, else one of that
/// very name elsewhere, with its section. Empty if none is near.
std::string suggest_key(std::string_view section, std::string_view name);

/// "tuning" and "strategy" is "tuning.strategy".
std::string join(std::string_view section, std::string_view name);

}  // namespace ampd::job
